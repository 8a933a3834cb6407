import type { Meta, StoryObj } from '@storybook/react-vite'
import { expect, userEvent, waitFor, within } from 'storybook/test'
import { apiUrl } from 'virtual:demo-api'
import { useClientSecretHistory, useClientSecretQueue, useClientSecretRequest } from '../src/exports/index.ts'
import { Code, Demo, json, Step } from './demo/panels.tsx'

const request = {
  clientSecretName: 'openai',
  url: `${apiUrl}/v1/images/generations`,
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  queue: 'past',
} as const

function PastRequests() {
  const filter = { url: request.url, method: request.method, queue: request.queue, compact: true, limit: 3 } as const
  const { records, hasMore, isLoading, loadMore, refresh } = useClientSecretHistory(filter)
  const { inQueue } = useClientSecretQueue(request.queue, { refreshInterval: 1000 })
  const otter = useClientSecretRequest(request)

  return (
    <Demo
      title="Past requests"
      lead="What this visitor asked before, page by page. Those under way are kept live, all in one poll."
      aside={
        <>
          <Step who="This page asks for">
            <Code>{json(filter)}</Code>
          </Step>
          <Step who="In the queue">
            <p>{inQueue ?? '…'}</p>
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void otter
            .sendAsync({ data: { model: 'gpt-image-1', prompt: 'an otter for the album' } })
            .then(refresh, refresh)
        }}
      >
        <button disabled={isLoading}>Send one more</button>
        {hasMore && (
          <button type="button" onClick={() => void loadMore()}>
            Load more
          </button>
        )}
      </form>
      <ul className="records" aria-label="Past requests" aria-live="polite">
        {records.map(({ id, status, createdAt, inQueue: place }) => (
          <li key={id} className={status}>
            <span className="dot" aria-hidden />
            <code>{status}</code>
            <span className="quiet">{status === 'pending' ? `place ${place}` : ''}</span>
            <time dateTime={new Date(createdAt).toISOString()}>{new Date(createdAt).toLocaleTimeString()}</time>
          </li>
        ))}
      </ul>
      {records.length === 0 && <p className="quiet">{isLoading ? 'Loading …' : 'Nothing was sent yet.'}</p>}
    </Demo>
  )
}

export default { title: 'Past requests', component: PastRequests } satisfies Meta

export const SendAndLookBack: StoryObj = {
  async play({ canvasElement }) {
    const canvas = within(canvasElement)
    const send = await canvas.findByText('Send one more')
    await waitFor(() => expect(send).toBeEnabled())
    await userEvent.click(send)
    await waitFor(() => expect(within(canvas.getByRole('list')).getAllByText('running')).toHaveLength(1), {
      timeout: 10_000,
    })
    await waitFor(() => expect(send).toBeEnabled())
    await userEvent.click(send)
    await waitFor(() => expect(canvas.getByText(/^place 2$/)).toBeVisible(), { timeout: 10_000 })
    await waitFor(() => expect(within(canvas.getByRole('list')).getAllByText('resolved').length).toBeGreaterThan(1), {
      timeout: 15_000,
    })
  },
}
