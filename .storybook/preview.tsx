import type { Preview } from '@storybook/react-vite'
import { configure } from 'storybook/test'
import { themes } from 'storybook/theming'
import { standIn } from 'virtual:demo-api'
import { ClientSecretProvider } from '../src/exports/index.ts'
import '../stories/demo/demo.css'
import './docs.css'
import { WideTable } from './wide-table.tsx'

// A busy machine may take long for what a play function waits for; nothing waits that long when it works.
configure({ asyncUtilTimeout: 20_000 })

// Storybook's own blue is too faint where a link is code, which has a background of its own.
const light = { ...themes.light, colorSecondary: '#0060d0' }
const dark = { ...themes.dark, colorSecondary: '#a3ccff' }

export default {
  parameters: {
    layout: 'fullscreen',
    a11y: { test: 'error' },
    controls: { disable: true },
    docs: {
      theme: matchMedia('(prefers-color-scheme: dark)').matches ? dark : light,
      components: { table: WideTable },
    },
    options: {
      storySort: {
        order: [
          'Docs',
          [
            'Start',
            'Mount the relay',
            'Presets',
            'Choose key rules',
            'Call any API',
            'Use an SDK',
            'Streams',
            'Polling, queues, history',
            'Reload and offline',
            'Testing your components',
            'Devtools',
            'Register keys',
            'Secrets from a vault',
            'Run many relays',
            'Watch the relay',
            'Security model',
            'Errors',
            'From Skapi',
            'From TanStack Query or hand-written polling',
            'API reference',
          ],
          'Generate a picture',
          'Direct request',
          'Chat',
          'useChat',
          'Service worker',
          'Devtools',
          'Survives a reload',
          'Past requests',
          'When it fails',
          'Hard to reach',
        ],
      },
    },
  },
  decorators: [
    (Story, { parameters }) =>
      // The story without a provider is a story of its own.
      parameters['withoutProvider'] ? (
        <Story />
      ) : (
        <ClientSecretProvider {...(standIn ? { client: standIn.client } : { relay: '/relay' })}>
          <Story />
        </ClientSecretProvider>
      ),
  ],
} satisfies Preview
