import type { Preview } from '@storybook/react-vite'
import { ClientSecretProvider } from '../src/exports/index.ts'
import '../stories/demo/demo.css'

export default {
  parameters: {
    layout: 'fullscreen',
    a11y: { test: 'error' },
    controls: { disable: true },
    options: {
      storySort: {
        order: ['Generate a picture', 'Direct request', 'Survives a reload', 'Past requests', 'When it fails'],
      },
    },
  },
  decorators: [
    (Story, { parameters }) =>
      // The story without a provider is a story of its own.
      parameters['withoutProvider'] ? (
        <Story />
      ) : (
        <ClientSecretProvider relay="/relay">
          <Story />
        </ClientSecretProvider>
      ),
  ],
} satisfies Preview
