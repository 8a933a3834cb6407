import { afterEach, expect, test, vi } from 'vitest'
import { createStream } from '../../src/exports/client.ts'
import { createTestClient, reply } from '../../src/exports/testing.ts'

const request = {
  clientSecretName: 'api',
  url: 'https://api.example.com/v1/chat',
  method: 'POST',
  headers: { Authorization: 'Bearer $CLIENT_SECRET' },
} as const
const asked = { clientSecretName: 'api', url: request.url, method: 'POST' }
const text = (body: string) => ({ status: 200, headers: { 'content-type': 'text/plain' }, body })

// As TypeScript reads a JSON file: without literal types.
const recordings = [
  { request: { ...asked, data: { a: 1, b: 2 } }, after: 100, response: text('one') },
  { request: { ...asked, data: { a: 1, b: 2 } }, after: 100, response: text('two') },
  { request: { ...asked, data: { a: 3 } }, after: 0, response: text('three') },
  {
    request: { ...asked, params: { stream: true } },
    after: 50,
    response: { status: 200, headers: { 'content-type': 'text/plain' } },
    pieces: [
      { at: 0, text: 'Ott' },
      { at: 1_000, base64: btoa('ers') },
    ],
  },
]

afterEach(() => vi.useRealTimers())

test('an equal request gets its answers in turn, whatever the order of its fields', async () => {
  const client = createTestClient().play(recordings, { speed: Infinity })
  const say = (data: object) => client.clientSecretRequest({ ...request, data })
  expect(await say({ b: 2, a: 1 })).toBe('one')
  expect(await say({ a: 3 })).toBe('three')
  expect(await say({ a: 1, b: 2 })).toBe('two')
  expect(await say({ a: 1, b: 2 })).toBe('two')
})

test('another request to the same url gets the first answer there; a script of the test comes before all', async () => {
  const client = createTestClient().play(recordings, { speed: Infinity })
  expect(await client.clientSecretRequest({ ...request, data: { a: 'new' } })).toBe('one')
  await expect(client.clientSecretRequest({ ...request, url: `${request.url}/2` })).rejects.toThrow(/has no answer/)
  client.on({ url: request.url }, reply('scripted'))
  expect(await client.clientSecretRequest({ ...request, data: { a: 3 } })).toBe('scripted')
})

test('answers and pieces take the time that they took', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  const client = createTestClient().play(recordings)
  const answer = vi.fn()
  void client.clientSecretRequest({ ...request, data: { a: 1, b: 2 } }).then(answer)
  await vi.advanceTimersByTimeAsync(99)
  expect(answer).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  expect(answer).toHaveBeenCalledWith('one')

  const stream = createStream(client, {
    params: { ...request, params: { stream: true } },
    options: () => ({ read: 'text' }),
  })
  void stream.send()
  /** Bodies of a fetch are read outside of the fake time. */
  const pass = async (milliseconds: number) => {
    await new Promise((resolve) => setImmediate(resolve))
    await vi.advanceTimersByTimeAsync(milliseconds)
  }
  await pass(49)
  expect(stream.state().status).toBe('sending')
  await pass(1)
  expect(stream.state()).toMatchObject({ status: 'streaming', text: 'Ott' })
  await pass(999)
  expect(stream.state()).toMatchObject({ status: 'streaming', text: 'Ott' })
  await pass(1)
  expect(stream.state()).toMatchObject({ status: 'resolved', text: 'Otters' })
})

test('a speed divides the time', async () => {
  vi.useFakeTimers()
  const client = createTestClient().play(recordings, { speed: 10 })
  const answer = vi.fn()
  void client.clientSecretRequest({ ...request, data: { a: 1, b: 2 } }).then(answer)
  await vi.advanceTimersByTimeAsync(10)
  expect(answer).toHaveBeenCalledWith('one')
})

test.each([0, -1, NaN])('a speed of %s is refused', (speed) => {
  expect(() => createTestClient().play(recordings, { speed })).toThrow(/speed must be a number above 0/)
})
