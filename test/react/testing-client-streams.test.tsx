import { act, render } from '@testing-library/react'
import { StrictMode, type ReactNode } from 'react'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ClientSecretProvider } from '../../src/exports/index.ts'
import { createTestClient, fail, hold, holdStream, reply, stream, type TestClient } from '../../src/exports/testing.ts'
import { chatEvent, renderStream, streamReader } from '../helpers/streams.tsx'

const request = {
  clientSecretName: 'api',
  url: 'https://api.example.com/v1/chat',
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
} as const
const fields = ['status', 'text', 'events', 'data', 'error', 'record'] as const

/** One event of OpenAI's chat. */
const delta = (content: string) => ({ choices: [{ delta: { content } }] })

const within = (client: TestClient) => (children: ReactNode) => (
  <ClientSecretProvider client={client}>{children}</ClientSecretProvider>
)

/** Lets so much time pass, and everything that follows from it. */
const pass = (milliseconds: number) => act(() => vi.advanceTimersByTimeAsync(milliseconds))
/** A frame of the page, in which the text is shown. */
const frame = () => pass(300)

const sent = async (client: TestClient, options = {}, params = {}) => {
  const page = renderStream(within(client), { ...request, ...params }, options, ...fields)
  act(() => page.hook.send())
  await pass(0)
  return page
}

beforeEach(() => {
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

describe('a stream that plays by itself', () => {
  test('its head, each chunk and its end at their milliseconds; no timer is left', async () => {
    const client = createTestClient().on(
      { url: /chat/ },
      stream([delta('Otters '), delta('hold '), delta('hands.')], { after: 2_000, every: 1_000 }),
    )
    const page = await sent(client)
    expect(page.hook).toMatchObject({ status: 'sending', isStreaming: true })
    await pass(1_999)
    expect(page.hook.status).toBe('sending')
    await pass(1)
    expect(page.hook).toMatchObject({ status: 'streaming', text: '', record: { id: 'request-1' } })
    for (const text of ['', 'Otters ', 'Otters hold ', 'Otters hold hands.']) {
      await pass(999)
      expect(page.hook).toMatchObject({ status: 'streaming', text })
      await pass(1)
    }
    expect(page.hook).toMatchObject({ status: 'resolved', text: 'Otters hold hands.', data: delta('hands.') })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('without times no timer has to be moved', async () => {
    const client = createTestClient().on({}, stream([delta('Otters '), delta('hold hands.')]))
    const onResponse = vi.fn()
    const page = await sent(client, { onResponse })
    expect(page.hook).toMatchObject({ status: 'resolved', text: 'Otters hold hands.' })
    expect(page.hook.events).toHaveLength(2)
    expect(onResponse).toHaveBeenCalledExactlyOnceWith(delta('hold hands.'), {
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
    })
    expect(client.requests).toEqual([request])
  })

  test('strings and bytes travel as they are, even a character in two chunks', async () => {
    const bytes = new TextEncoder().encode(chatEvent('🦦'))
    const cut = bytes.indexOf(0xf0) + 2
    const client = createTestClient().on(
      {},
      stream([chatEvent('An '), bytes.subarray(0, cut), bytes.subarray(cut), 'data: [DO', 'NE]\n\n']),
    )
    const page = await sent(client)
    expect(page.hook).toMatchObject({ status: 'resolved', text: 'An 🦦' })
    expect(page.hook.events).toHaveLength(2)
  })

  test('NDJSON, and text of its own type', async () => {
    const client = createTestClient().on(
      {},
      stream([{ message: { content: 'Ot' } }, { message: { content: 'ter' } }], {
        headers: { 'Content-Type': 'application/x-ndjson' },
      }),
      stream(['Ot', 'ter'], { headers: { 'Content-Type': 'text/plain', 'X-Cost': '3' } }),
    )
    const page = await sent(client)
    expect(page.hook).toMatchObject({ status: 'resolved', text: 'Otter' })
    const onResponse = vi.fn()
    const other = await sent(client, { read: 'text', onResponse })
    expect(other.hook).toMatchObject({ status: 'resolved', text: 'Otter', data: 'Otter' })
    expect(onResponse.mock.calls[0]![1]).toEqual({
      status: 200,
      headers: { 'content-type': 'text/plain', 'x-cost': '3' },
    })
  })

  test.each(['UPSTREAM_UNREACHABLE', 'UPSTREAM_TIMEOUT', 'INTERRUPTED', 'RESPONSE_TOO_LARGE'] as const)(
    'breaks off with %s, and its text stays',
    async (breaksOff) => {
      const client = createTestClient().on({}, stream([delta('Otters ')], { breaksOff }))
      for (const keep of [undefined, true]) {
        const page = await sent(client, {}, { keep })
        expect(page.hook).toMatchObject({ status: 'failed', text: 'Otters ', error: { code: breaksOff } })
        expect(page.hook.error?.requestId).toBe(page.hook.record?.id)
        expect(page.hook.error?.message).toMatch(/broke off/)
      }
    },
  )

  test('an API that refuses: what it said is in the error', async () => {
    const body = { error: { message: 'Slow down.' } }
    const client = createTestClient().on(
      {},
      stream([JSON.stringify(body)], { status: 429, headers: { 'content-type': 'application/json' } }),
      reply(body, { status: 429 }),
    )
    for (let n = 0; n < 2; n++) {
      const page = await sent(client)
      expect(page.hook).toMatchObject({
        status: 'failed',
        error: { code: 'UPSTREAM_ERROR', status: 429, data: body, message: expect.stringMatching(/429.*Slow down/) },
      })
    }
  })
})

describe('a stream in a queue', () => {
  test('shows its place, and streams in its turn; cancel withdraws it', async () => {
    const [one, other] = [holdStream(), holdStream()]
    const client = createTestClient().on({}, one, other)
    const [first, second, third] = [
      await sent(client, {}, { queue: 'chat' }),
      await sent(client, {}, { queue: 'chat' }),
      await sent(client, {}, { queue: 'chat' }),
    ]
    expect(first.hook).toMatchObject({ status: 'streaming', inQueue: undefined })
    expect(second.hook).toMatchObject({ status: 'queued', inQueue: 2, isStreaming: true, record: { id: 'request-2' } })
    expect(third.hook).toMatchObject({ status: 'queued', inQueue: 3 })
    await act(() => second.hook.cancel())
    await pass(1_000)
    expect(second.hook.status).toBe('cancelled')
    expect(third.hook).toMatchObject({ status: 'queued', inQueue: 2 })
    act(() => one.end())
    act(() => other.write(delta('Otters hold hands.')))
    await pass(1_000)
    act(() => other.end())
    await pass(1_000)
    expect(first.hook.status).toBe('resolved')
    expect(third.hook).toMatchObject({ status: 'resolved', text: 'Otters hold hands.', inQueue: undefined })
    expect(client.requests).toHaveLength(3)
  })
})

describe('a stream that the test writes', () => {
  test('chunk by chunk, to its end', async () => {
    const answer = holdStream()
    const page = await sent(createTestClient().on({}, answer))
    expect(page.hook.status).toBe('streaming')
    act(() => answer.write(delta('Otters ')))
    await frame()
    expect(page.hook).toMatchObject({ status: 'streaming', text: 'Otters ' })
    act(() => answer.write(delta('hold '), delta('hands.')))
    await frame()
    expect(page.hook).toMatchObject({ status: 'streaming', text: 'Otters hold hands.' })
    act(() => answer.end())
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'resolved', text: 'Otters hold hands.' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('breaks off; the text stays, and a resume calls nothing', async () => {
    const answer = holdStream()
    const client = createTestClient().on({}, answer)
    const page = await sent(client)
    act(() => answer.write(delta('Otters ')))
    act(() => answer.breakOff())
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'failed', text: 'Otters ', error: { code: 'UPSTREAM_UNREACHABLE' } })
    act(() => page.hook.resume())
    await pass(0)
    expect(page.hook.status).toBe('failed')
    expect(client.requests).toHaveLength(1)
  })

  test('stopped and resumed: it continues at its character, as the same request', async () => {
    const answer = holdStream()
    const client = createTestClient().on({}, answer)
    const page = await sent(client)
    act(() => answer.write(delta('Otters ')))
    await frame()
    act(() => page.hook.stop())
    expect(page.hook).toMatchObject({ status: 'stopped', text: 'Otters ' })
    act(() => answer.write(delta('hold ')))
    await frame()
    expect(page.hook).toMatchObject({ status: 'stopped', text: 'Otters ' })
    act(() => page.hook.resume())
    act(() => answer.write(delta('hands.')))
    act(() => answer.end())
    await frame()
    expect(page.hook).toMatchObject({ status: 'resolved', text: 'Otters hold hands.' })
    expect(page.hook.events).toHaveLength(3)
    expect(client.requests).toHaveLength(1)
  })

  test.each([
    ['while it streams', holdStream],
    ['before its head', hold],
  ])('cancelled %s', async (_when, make) => {
    const client = createTestClient().on({}, make())
    const page = await sent(client)
    await act(() => page.hook.cancel())
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } })
    expect((await client.history()).records).toMatchObject([{ status: 'cancelled' }])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('a lost connection fails, and resume continues it', async () => {
    const answer = holdStream()
    const client = createTestClient().on({}, answer)
    for (const keep of [undefined, true]) {
      const page = await sent(client, {}, { keep })
      client.disconnect()
      await pass(0)
      expect(page.hook).toMatchObject({ status: 'failed', error: { code: 'NETWORK_ERROR' } })
      client.reconnect()
      act(() => page.hook.resume())
      await pass(0)
      expect(page.hook.status).toBe('streaming')
    }
    answer.end()
    expect(client.requests).toHaveLength(2)
  })

  test('two sends read the same stream, each from its beginning', async () => {
    const answer = holdStream()
    const client = createTestClient().on({}, answer)
    const one = await sent(client)
    act(() => answer.write(delta('Otters ')))
    const other = await sent(client)
    act(() => answer.write(delta('hold hands.')))
    act(() => answer.end())
    await frame()
    const late = await sent(client)
    for (const { hook } of [one, other, late])
      expect(hook).toMatchObject({ status: 'resolved', text: 'Otters hold hands.' })
    expect(client.requests).toHaveLength(3)
  })

  test('after its end, a write says how to script the next one', () => {
    const answer = holdStream()
    answer.end()
    const message = /This streamed answer ended before\. Create one with holdStream\(\) for each answer/
    expect(() => answer.write('more')).toThrow(message)
    expect(() => answer.end()).toThrow(message)
    expect(() => answer.breakOff()).toThrow(message)
  })

  test('under StrictMode, and over an unmount: one request, and no timer is left', async () => {
    const answer = holdStream()
    const client = createTestClient({ latency: 50 }).on({}, answer)
    const parts = streamReader(request, {}, 'text')
    const page = render(<StrictMode>{within(client)(<parts.Reader />)}</StrictMode>)
    act(() => parts.hook.send())
    await pass(100)
    act(() => answer.write(delta('otter')))
    await frame()
    expect(parts.hook.text).toBe('otter')
    page.unmount()
    await pass(1_000)
    expect(client.requests).toHaveLength(1)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('the other answers', () => {
  test('reply is one event, hold waits', async () => {
    const later = hold()
    const client = createTestClient().on({}, later)
    const page = await sent(client)
    expect(page.hook.status).toBe('sending')
    act(() => later.answer(reply({ picture: 'otter' })))
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'resolved', data: { picture: 'otter' } })
  })

  test('a held answer may become a stream', async () => {
    const later = hold()
    const page = await sent(createTestClient().on({}, later))
    act(() => later.answer(stream([delta('otter')])))
    await pass(0)
    expect(page.hook).toMatchObject({ status: 'resolved', text: 'otter' })
  })

  test.each(['RATE_LIMITED', 'NETWORK_ERROR', 'UNAVAILABLE', 'SIGN_IN_REQUIRED', 'NOT_ALLOWED'] as const)(
    'refused with %s',
    async (code) => {
      const client = createTestClient().on({}, fail(code, { message: 'Come again.' }))
      const page = await sent(client)
      expect(page.hook).toMatchObject({
        status: 'failed',
        error: { code, message: expect.stringMatching(/Come again\./) },
        record: undefined,
      })
      expect(client.requests).toHaveLength(1)
    },
  )

  test.each(['UPSTREAM_TIMEOUT', 'INTERRUPTED', 'EXPIRED', 'REQUEST_NOT_FOUND', 'CANCELLED'] as const)(
    '%s before the head',
    async (code) => {
      const page = await sent(createTestClient().on({}, fail(code, { after: 500 })))
      expect(page.hook.status).toBe('sending')
      await pass(500)
      expect(page.hook).toMatchObject({ status: code === 'CANCELLED' ? 'cancelled' : 'failed', error: { code } })
    },
  )

  test('an unscripted stream says how to script it, and a wrong request is not sent', async () => {
    const client = createTestClient()
    const page = await sent(client)
    expect(page.hook.error).toMatchObject({
      code: 'INTERNAL',
      message: expect.stringMatching(/The testing client has no answer to POST .*client\.on\(/),
    })
    const wrong = await sent(client, {}, { headers: {} })
    expect(wrong.hook.error?.code).toBe('PLACEHOLDER_MISSING')
    expect(client.requests).toHaveLength(1)
  })
})
