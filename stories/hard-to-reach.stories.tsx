import type { Meta, StoryObj } from '@storybook/react-vite'
import type { ReactNode } from 'react'
import { expect, userEvent, waitFor, within } from 'storybook/test'
import {
  ClientSecretProvider,
  useClientSecretRequest,
  type ClientSecretError,
  type ErrorCode,
  type UseClientSecretRequest,
} from '../src/exports/index.ts'
import { createTestClient, fail, hold, reply, type Answering, type TestClient } from '../src/exports/testing.ts'
import { Code, Demo, Elapsed, json, Step, Timeline } from './demo/panels.tsx'

// States that one sees only when something goes wrong, or is slow: each story
// scripts a client of its own, and presses the button.

const request = {
  clientSecretName: 'openai',
  url: 'https://api.openai.com/v1/images/generations',
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  data: { model: 'gpt-image-1', prompt: 'an otter' },
  queue: 'images',
  poll: 1000,
} as const

function Otter({ title, lead }: { title: string; lead: ReactNode }) {
  const otter = useClientSecretRequest(request)
  const { status, inQueue, isPolling, pauseReason, error } = otter
  return (
    <Demo
      title={title}
      lead={lead}
      isScripted
      aside={
        <>
          <Step who="It sees">
            <Timeline status={status} />
          </Step>
          <Step who="Its state">
            <Code>{json({ status, inQueue, isPolling, pauseReason, error: error && shownOf(error) })}</Code>
          </Step>
        </>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          otter.send()
        }}
      >
        <button disabled={otter.isLoading}>{error ? 'Try again' : 'Generate'}</button>
        {otter.isLoading && (
          <>
            <button type="button" onClick={otter.stop}>
              Stop
            </button>
            <button type="button" onClick={() => void otter.cancel()}>
              Cancel
            </button>
          </>
        )}
        {status === 'stopped' && (
          <button type="button" onClick={otter.resume}>
            Look again
          </button>
        )}
      </form>
      <div className={`picture ${otter.isLoading && !otter.pauseReason ? 'busy' : ''}`} aria-live="polite">
        <Words otter={otter} />
      </div>
    </Demo>
  )
}

const shownOf = ({ code, status, message, retryAfter }: ClientSecretError) => ({ code, status, message, retryAfter })

/** What a person is told of each state: what happened, and what they can do. */
function Words({ otter }: { otter: UseClientSecretRequest }) {
  if (otter.pauseReason === 'offline') return <p>You are offline. Your picture is looked for when you are back.</p>
  switch (otter.status) {
    case 'idle':
      return <p>Your picture appears here.</p>
    case 'resolved':
      return <p className="good">Here is your otter.</p>
    case 'stopped':
      return <p>Nobody looks for the answer any more; the API goes on painting.</p>
    case 'cancelled':
      return <p>You have cancelled it.</p>
    case 'failed':
      return (
        <p>
          <span className="bad">{excuse(otter.error)}</span>
        </p>
      )
    case 'sending':
    case 'pending':
    case 'running':
      return (
        <p className="waiting">
          <strong>
            <Elapsed isRunning />
          </strong>
          {otter.status === 'pending'
            ? `place ${otter.inQueue} in line`
            : otter.status === 'running'
              ? 'the API is painting'
              : 'on its way'}
        </p>
      )
  }
}

/** A sentence for the visitor; the error's own message is for the developer. */
function excuse(error: ClientSecretError): string {
  return excuses[error.code]?.(error) ?? 'Something went wrong that we did not foresee.'
}

const tooMany = ({ retryAfter }: ClientSecretError) =>
  `Too many pictures at once. Please try again in ${retryAfter} seconds.`

const excuses: Partial<Record<ErrorCode, (error: ClientSecretError) => string>> = {
  RATE_LIMITED: tooMany,
  QUEUE_FULL: tooMany,
  NETWORK_ERROR: () => 'Our server cannot be reached just now. Please try again.',
  EXPIRED: () => 'It took too long, and was given up.',
  INTERRUPTED: () => 'Our server was restarted meanwhile. Your picture may have been painted all the same.',
  UPSTREAM_ERROR: ({ status }) =>
    status === 401 ? 'The painter does not know us any more. We have been told.' : 'The painter has failed.',
  UPSTREAM_TIMEOUT: () => 'The painter did not answer in time. Please try again.',
}

const meta = { title: 'Hard to reach', component: Otter } satisfies Meta<typeof Otter>
export default meta

interface Scene {
  title: string
  lead: ReactNode
  /** What becomes of the request. */
  answer: Answering
  /** What the page says in the end. */
  says: RegExp
  /** What happens after the button was pressed. */
  then?: (parts: {
    client: TestClient
    press: (name: string) => Promise<void>
    see: (text: RegExp) => Promise<void>
  }) => Promise<void>
}

function scene({ title, lead, answer, says, then }: Scene): StoryObj<typeof meta> {
  return {
    args: { title, lead },
    loaders: [() => ({ client: createTestClient({ latency: 80 }).on({}, answer) })],
    render: (args, { loaded }) => (
      <ClientSecretProvider client={loaded['client'] as TestClient}>
        <Otter {...args} />
      </ClientSecretProvider>
    ),
    async play({ canvasElement, loaded }) {
      const canvas = within(canvasElement)
      const press = async (name: string) => userEvent.click(await canvas.findByRole('button', { name }))
      const see = async (text: RegExp) =>
        waitFor(() => expect(canvasElement.querySelector('.picture')).toHaveTextContent(text), { timeout: 15_000 })
      await press('Generate')
      await then?.({ client: loaded['client'] as TestClient, press, see })
      await see(says)
    },
  }
}

export const ThirdInLine = scene({
  title: 'Third in line',
  lead: 'Two of this visitor’s requests stand before it. The place is in the record, and polled along with it.',
  answer: hold({ inQueue: 3 }),
  says: /place 3 in line/,
})

export const Slow = scene({
  title: 'Slow',
  lead: 'The API takes its time. Nothing times out in the page; it can be stopped, or cancelled.',
  answer: hold(),
  says: /the API is painting/,
})

export const RateLimited = scene({
  title: 'Rate-limited',
  lead: 'The relay refuses what is too much, and says when to come again.',
  answer: fail('RATE_LIMITED', {
    message: 'There were more than 600 requests in a minute. Wait 30 seconds.',
    retryAfter: 30,
  }),
  says: /Please try again in 30 seconds/,
})

export const QueueFull = scene({
  title: 'The queue is full',
  lead: 'One visitor may have so many requests under way, and no more.',
  answer: fail('QUEUE_FULL', {
    message: 'There are 1,000 requests under way already. Wait until some of them have settled.',
    retryAfter: 10,
  }),
  says: /Please try again in 10 seconds/,
})

export const RelayIsAway = scene({
  title: 'The relay is away',
  lead: 'The request did not get through, also not when it was tried again. It was never sent twice.',
  answer: fail('NETWORK_ERROR', { message: 'POST /relay/requests got no answer: Failed to fetch.' }),
  says: /Our server cannot be reached/,
})

export const RelayComesBack = scene({
  title: 'The relay comes back',
  lead: 'The connection is lost while the API works. The polling goes on by itself, and finds the answer.',
  answer: reply({ picture: 'otter' }, { after: 1_000 }),
  async then({ client, see }) {
    await see(/the API is painting/)
    client.disconnect()
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    await see(/the API is painting/)
    client.reconnect()
  },
  says: /Here is your otter/,
})

export const Offline: StoryObj<typeof meta> = {
  ...scene({
    title: 'Offline',
    lead: 'The browser says that there is no network: the polling rests until there is.',
    answer: hold(),
    async then({ see }) {
      await see(/the API is painting/)
      window.dispatchEvent(new Event('offline'))
    },
    says: /You are offline/,
  }),
  // The next story is in the same page.
  beforeEach: () => () => window.dispatchEvent(new Event('online')),
}

export const Expired = scene({
  title: 'Expired',
  lead: (
    <>
      After <code>expires</code> seconds the record is gone, whether there was an answer or not.
    </>
  ),
  answer: fail('EXPIRED', {
    message: 'The request has expired. The relay keeps its record for `expires` seconds only.',
    after: 500,
  }),
  says: /was given up/,
})

export const Interrupted = scene({
  title: 'Interrupted',
  lead: 'The relay stopped while the API was called. A POST may have had its effect, so it is not sent again by itself.',
  answer: fail('INTERRUPTED', {
    message: 'The relay stopped during the API call, so the POST may or may not have had its effect.',
    after: 500,
  }),
  says: /may have been painted all the same/,
})

export const Cancelled = scene({
  title: 'Cancelled',
  lead: 'Taken out of its queue, or ended while the API works.',
  answer: hold({ inQueue: 2 }),
  async then({ press, see }) {
    await see(/place 2 in line/)
    await press('Cancel')
  },
  says: /You have cancelled it/,
})

export const Stopped = scene({
  title: 'Stopped',
  lead: 'The page has stopped looking. The request goes on at the relay, and can be looked for again.',
  answer: hold(),
  async then({ press, see }) {
    await see(/the API is painting/)
    await press('Stop')
  },
  says: /the API goes on painting/,
})

export const TheApiRefusesTheKey = scene({
  title: 'The API refuses the key',
  lead: 'The key was revoked, say. What the API said is in the error; what the visitor is told is up to the page.',
  answer: reply(
    { error: { message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' } },
    { status: 401, after: 300 },
  ),
  says: /does not know us any more/,
})

export const TheApiTimesOut = scene({
  title: 'The API times out',
  lead: 'The relay waits for the API’s whole answer, but not for ever.',
  answer: fail('UPSTREAM_TIMEOUT', { message: 'The API did not answer within 300,000 ms.', after: 500 }),
  says: /did not answer in time/,
})
