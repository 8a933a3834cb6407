import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent, within } from 'storybook/test'
import { apiUrl } from 'virtual:demo-api'
import { ClientSecretDevtools } from '../src/devtools/client-secret-devtools.tsx'
import { useClientSecretRequest, useClientSecretStream } from '../src/exports/index.ts'
import { Demo, Step, Timeline } from './demo/panels.tsx'

const request = {
  clientSecretName: 'openai',
  url: `${apiUrl}/v1/chat/completions`,
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  data: { model: 'gpt-5', messages: [{ role: 'user', content: 'Tell me something about otters.' }] },
} as const

function WithDevtools() {
  const stream = useClientSecretStream({ ...request, data: { ...request.data, stream: true } })
  const refused = useClientSecretRequest({ ...request, url: 'https://elsewhere.example.com/' })
  return (
    <>
      <Demo
        title="Devtools"
        lead="The panel at the bottom right shows each request of the page: its state, what the relay said, and how long it took."
        aside={
          <Step who="The page sees">
            <Timeline status={stream.status} />
          </Step>
        }
      >
        <button disabled={stream.isStreaming} onClick={() => stream.send()}>
          Ask
        </button>{' '}
        <button disabled={refused.isLoading} onClick={refused.send}>
          Ask a host that no rule allows
        </button>
        {stream.text && (
          <blockquote className="answer">
            <p>{stream.text}</p>
          </blockquote>
        )}
      </Demo>
      <ClientSecretDevtools isOpen />
    </>
  )
}

export default { title: 'Devtools', component: WithDevtools } satisfies Meta

const soon = { timeout: 15_000 }

export const RequestsOfThisPage: StoryObj = {
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    await userEvent.click(canvas.getByRole('button', { name: 'Ask' }))
    const panel = within(canvas.getByRole('region', { name: 'Client secret requests' }))
    await expect(await panel.findByText('resolved', {}, soon)).toBeVisible()
    await userEvent.click(canvas.getByRole('button', { name: /no rule allows/ }))
    await expect(await panel.findByText('failed', {}, soon)).toBeVisible()
  },
}
