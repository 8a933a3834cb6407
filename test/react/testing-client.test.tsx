import { act, render, screen } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  ClientSecretProvider,
  useClientSecretHistory,
  useClientSecretQueue,
  useClientSecretQuery,
} from '../../src/exports/index.ts'
import { createTestClient, fail, hold, reply, type TestClient } from '../../src/exports/testing.ts'
import { picturePage, renderReader } from '../helpers/page.tsx'

const request = {
  clientSecretName: 'api',
  url: 'https://api.example.com/v1/pictures',
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
} as const
const picture = { picture: 'otter' }

const within = (client: TestClient) => (children: ReactNode) => (
  <ClientSecretProvider client={client}>{children}</ClientSecretProvider>
)

/** Lets so much time pass, and everything that follows from it. */
const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds))

beforeEach(() => {
  // All that vitest can; Jest takes the same, and each of them has made somebody's test hang.
  vi.useFakeTimers({
    toFake: [
      'setTimeout',
      'clearTimeout',
      'setInterval',
      'clearInterval',
      'setImmediate',
      'clearImmediate',
      'queueMicrotask',
      'performance',
      'requestAnimationFrame',
      'cancelAnimationFrame',
      'Date',
    ],
  })
})

afterEach(() => {
  vi.useRealTimers()
})

describe("time is the test's", () => {
  test('place 3, place 2, running, the answer: each at its millisecond', async () => {
    const client = createTestClient().on({ url: /pictures/ }, reply(picture, { after: 3_000, inQueue: 3 }))
    const page = renderReader(within(client), { ...request, queue: 'pictures', poll: 1_000 }, 'status', 'inQueue')
    act(() => page.hook.send())
    expect(page.hook.status).toBe('sending')
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'pending', inQueue: 3, isPolling: true })
    await pass(999)
    expect(page.hook).toMatchObject({ status: 'pending', inQueue: 3 })
    await pass(1)
    expect(page.hook).toMatchObject({ status: 'pending', inQueue: 2 })
    await pass(1_000)
    expect(page.hook).toMatchObject({ status: 'running', inQueue: 1 })
    await pass(999)
    expect(page.hook.status).toBe('running')
    await pass(1)
    expect(page.hook).toMatchObject({ status: 'resolved', data: picture, response: { status: 200 } })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('without `after` no timer has to be moved', async () => {
    const client = createTestClient().on({}, reply(picture))
    const page = renderReader(within(client), request, 'status', 'data')
    await act(async () => page.hook.send())
    expect(page.hook).toMatchObject({ status: 'resolved', data: picture })
  })

  test('the latency of the relay shows every status', async () => {
    const client = createTestClient({ latency: 50 }).on({}, reply(picture, { after: 200 }))
    const { Page, seen, hook } = picturePage({ ...request, poll: 1_000 })
    render(within(client)(<Page />))
    act(() => hook().send())
    await pass(49)
    expect(hook().status).toBe('sending')
    // In steps: what happens within one is one render for React.
    for (let step = 0; step < 7; step++) await pass(50)
    expect(seen).toEqual(['idle', 'sending', 'running', 'resolved'])
  })

  test('under StrictMode it is one request', async () => {
    const client = createTestClient().on({}, reply(picture, { after: 100 }))
    const page = renderReader(
      (children) => <StrictMode>{within(client)(children)}</StrictMode>,
      { ...request, poll: 1_000 },
      'status',
    )
    act(() => page.hook.send({ data: { prompt: 'otter' } }))
    await pass(100)
    expect(page.hook.status).toBe('resolved')
    expect(client.requests).toEqual([{ ...request, poll: 1_000, data: { prompt: 'otter' } }])
  })

  test('an unmounted component leaves no timer behind', async () => {
    const client = createTestClient().on({}, hold())
    const page = renderReader(within(client), { ...request, poll: 1_000 }, 'status')
    act(() => page.hook.send())
    await pass(10)
    expect(page.hook.status).toBe('running')
    expect(vi.getTimerCount()).toBeGreaterThan(0)
    page.page.unmount()
    await pass(1_000)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('states that are hard to reach', () => {
  const sent = async (client: TestClient, fields = {}) => {
    const page = renderReader(within(client), { ...request, ...fields }, 'status', 'error', 'inQueue', 'pauseReason')
    act(() => page.hook.send())
    await pass(0)
    return page
  }
  const queued = { queue: 'pictures', poll: 1_000 }

  test('held in line, moved, running, and let go by hand', async () => {
    const later = hold({ inQueue: 3 })
    const page = await sent(createTestClient().on({}, later), queued)
    await pass(60_000)
    expect(page.hook).toMatchObject({ status: 'pending', inQueue: 3 })
    later.moveTo(2)
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'pending', inQueue: 2 })
    later.moveTo(1)
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'running', inQueue: 1 })
    later.answer(reply(picture))
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'resolved', data: picture })
  })

  test.each(['RATE_LIMITED', 'QUEUE_FULL', 'NETWORK_ERROR', 'UNAVAILABLE', 'SIGN_IN_REQUIRED'] as const)(
    'refused with %s: there is no record, and nothing is tried again',
    async (code) => {
      const client = createTestClient().on({}, fail(code, { message: 'Come again.', retryAfter: 30 }))
      const page = await sent(client, queued)
      expect(page.hook).toMatchObject({
        status: 'failed',
        error: { code, message: expect.stringMatching(/^Come again\./), retryAfter: 30 },
      })
      expect(page.hook.record).toBeUndefined()
      expect(client.requests).toHaveLength(1)
    },
  )

  test.each([
    ['INTERRUPTED', 'failed'],
    ['UPSTREAM_TIMEOUT', 'failed'],
    ['EXPIRED', 'failed'],
    ['REQUEST_NOT_FOUND', 'failed'],
    ['CANCELLED', 'cancelled'],
  ] as const)('%s, half a second after it ran: %s', async (code, status) => {
    const page = await sent(createTestClient().on({}, fail(code, { after: 500 })), queued)
    expect(page.hook.status).toBe('running')
    await pass(500)
    expect(page.hook).toMatchObject({ status, error: { code } })
  })

  test('an API that refuses the key: what it said is in the error', async () => {
    const body = { error: { message: 'Incorrect API key provided.', code: 'invalid_api_key' } }
    const page = await sent(createTestClient().on({}, reply(body, { status: 401 })), queued)
    expect(page.hook).toMatchObject({
      status: 'failed',
      error: {
        code: 'UPSTREAM_ERROR',
        status: 401,
        data: body,
        message: expect.stringMatching(/^The API answered 401: Incorrect API key provided\./),
      },
    })
  })

  test('the relay is away while it is polled, and back', async () => {
    const client = createTestClient().on({}, reply(picture, { after: 5_000 }))
    const page = await sent(client, queued)
    client.disconnect()
    await pass(10_000)
    expect(page.hook.status).toBe('running')
    client.reconnect()
    // The longest pause between tries.
    await pass(30_000)
    expect(page.hook).toMatchObject({ status: 'resolved', data: picture })
  })

  test('expires while it is followed', async () => {
    const page = await sent(createTestClient().on({}, hold()), { ...queued, poll: 60_000, expires: 10 })
    await pass(9_999)
    expect(page.hook.status).toBe('running')
    await pass(1)
    expect(page.hook).toMatchObject({ status: 'failed', error: { code: 'EXPIRED' } })
  })

  test('stopped, resumed, cancelled', async () => {
    const page = await sent(createTestClient().on({}, hold()), queued)
    act(() => page.hook.stop())
    expect(page.hook.status).toBe('stopped')
    act(() => page.hook.resume())
    await pass(0)
    expect(page.hook.status).toBe('running')
    await act(() => page.hook.cancel())
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } })
  })
})

test('an unscripted request fails, and its error says how to script it', async () => {
  const page = renderReader(within(createTestClient()), request, 'status', 'error')
  await act(async () => page.hook.send())
  expect(page.hook).toMatchObject({
    status: 'failed',
    error: {
      code: 'INTERNAL',
      message: expect.stringContaining(
        "The testing client has no answer to POST https://api.example.com/v1/pictures. Script one before the request: client.on({ clientSecretName: 'api', url: 'https://api.example.com/v1/pictures', method: 'POST' }, reply({ … })). There are no scripts yet.",
      ),
    },
  })
})

test('the other hooks: a query, a history that is live, a queue that is counted', async () => {
  const client = createTestClient()
    .on({ method: 'get' }, reply(['gpt-image-1']))
    .on({ queue: 'pictures' }, reply(picture, { after: 1_000 }))
  function Page() {
    const models = useClientSecretQuery<string[]>({ ...request, method: 'GET' })
    const { records } = useClientSecretHistory({ queue: 'pictures' })
    const { inQueue } = useClientSecretQueue('pictures')
    return (
      <>
        <h1>{models.data?.join()}</h1>
        <ul>
          {records.map((record) => (
            <li key={record.id}>{`${record.id} ${record.status} ${record.inQueue ?? ''}`.trim()}</li>
          ))}
        </ul>
        <output>{inQueue}</output>
      </>
    )
  }
  for (let sent = 0; sent < 2; sent++) await client.clientSecretRequest({ ...request, queue: 'pictures' })
  render(within(client)(<Page />))
  await pass(0)
  const shown = () => screen.getAllByRole('listitem').map((item) => item.textContent)
  expect(screen.getByRole('heading').textContent).toBe('gpt-image-1')
  expect(screen.getByRole('status').textContent).toBe('2')
  expect(shown()).toEqual(['request-2 pending 2', 'request-1 running 1'])
  await pass(1_000)
  expect(shown()).toEqual(['request-2 running 1', 'request-1 resolved'])
  await pass(5_000)
  expect(shown()).toEqual(['request-2 resolved', 'request-1 resolved'])
  expect(screen.getByRole('status').textContent).toBe('0')
})
