import type { ServerResponse } from 'node:http'
import { describe, expect, test } from 'vitest'
import { createClient, type Client } from '../../src/client/create-client.ts'
import { createStream, type StreamObject, type StreamParams } from '../../src/client/create-stream.ts'
import { randomId } from '../../src/client/random-id.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { startApi, type ApiCall } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { keyFor, startReadyRelay, strangerOf } from '../helpers/relay.ts'
import { sqliteFile } from '../helpers/sqlite-file.ts'

const postgres = postgresOfThisFile()
const secret = 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD'
const headers = { authorization: 'Bearer $CLIENT_SECRET' }
const text = Array.from({ length: 200 }, (_, n) => `Otter ${n} 🦦 says sk-\n`).join('')
const whole = Buffer.from(text)
const half = Math.floor(whole.length / 2)

type Answer = (call: ApiCall, outgoing: ServerResponse) => void

/** An API that streams as the test says, and the options of a relay before it. */
async function setUp(database?: string, answer?: Answer) {
  const answers: ServerResponse[] = []
  const api = await startApi((call, outgoing) => {
    answers.push(outgoing)
    if (answer) return answer(call, outgoing)
    outgoing.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
  })
  const options: RelayOptions = { keys: { api: { ...keyFor(api.url), secret } }, ...(database && { database }) }
  const request = { clientSecretName: 'api', url: `${api.url}/v1`, method: 'POST', headers, queue: 'chat' } as const
  const called = (count: number) => eventually(() => expect(answers).toHaveLength(count))
  return { api, options, request, answers, called }
}

/** The same page after a reload, or another tab. */
function tabOf(client: Client, url = client.transport.name): Client {
  const tab = createClient({ relay: url })
  tab.transport.session!(client.transport.session!(null))
  return tab
}

/** A stream of text, and each of its states. */
function open(client: Pick<Client, 'transport'>, start: Parameters<typeof createStream>[1]) {
  const states: string[] = []
  const stream: StreamObject = createStream(client, {
    ...start,
    options: () => ({ read: 'text' }),
    onChange() {
      const { status, inQueue } = stream.state()
      const state = inQueue === undefined ? status : `${status} ${inQueue}`
      if (states.at(-1) !== state) states.push(state)
    },
  })
  return { stream, states }
}

const send = (client: Pick<Client, 'transport'>, params: StreamParams, idempotencyKey?: string) => {
  const { stream, states } = open(client, { params, idempotencyKey })
  return { stream, states, ended: stream.send() }
}

const read = (client: Pick<Client, 'transport'>, start: Parameters<typeof createStream>[1]) => {
  const { stream, states } = open(client, start)
  return { stream, states, ended: stream.resume() }
}

const until = (stream: StreamObject, length: number) =>
  eventually(() => expect(stream.state().text.length).toBeGreaterThanOrEqual(length))
const untilStatus = (stream: StreamObject, status: string, inQueue?: number) =>
  eventually(() => expect(stream.state()).toMatchObject({ status, inQueue }))

describe.each([
  ['memory', () => Promise.resolve(undefined)],
  ['SQLite', sqliteFile],
  ['Postgres', () => postgres.database()],
])('a stream with a queue, in %s', (_name, databaseOf) => {
  test('it shows its place, then streams; a reload in line and in the middle, another tab: one call each, one text', async () => {
    const { api, options, request, answers, called } = await setUp(await databaseOf())
    const { client, url } = await startReadyRelay({ ...options, limits: { disconnectGracePeriod: 50 } })
    const first = send(client, request)
    await called(1)
    const second = send(client, request)
    await untilStatus(second.stream, 'queued', 2)
    const third = send(client, { ...request, poll: 200 })
    await untilStatus(third.stream, 'queued', 3)
    // A reload in line.
    second.stream.pause()
    const { record } = second.stream.state()
    const inLine = read(tabOf(client), { record })
    await untilStatus(inLine.stream, 'queued', 2)
    answers[0]!.end('short')
    await first.ended
    expect(first.stream.state()).toMatchObject({ status: 'resolved', text: 'short' })
    expect(first.states).toEqual(['sending', 'streaming', 'resolved'])
    await called(2)
    await untilStatus(third.stream, 'queued', 2)
    answers[1]!.write(whole.subarray(0, half))
    await until(inLine.stream, 1_000)
    // A reload in the middle.
    inLine.stream.pause()
    const inTheMiddle = read(tabOf(client), { record })
    const tab = read(tabOf(client), { record })
    await until(inTheMiddle.stream, 1_000)
    await new Promise((resolve) => setTimeout(resolve, 100))
    answers[1]!.end(whole.subarray(half))
    await Promise.all([inTheMiddle.ended, tab.ended])
    expect([inTheMiddle, tab].map(({ stream }) => stream.state().text)).toEqual([text, text])
    expect(inLine.states.join()).toMatch(/^sending,queued 2,(queued 1,)?sending,streaming$/)
    const session = { 'client-session': client.transport.session!(null) }
    for (const after of [0, 17, whole.length - 1, whole.length, whole.length + 5, 999_999_999]) {
      const response = await fetch(`${url}/requests/${record!.id}/stream?after=${after}`, { headers: session })
      expect(Buffer.from(await response.arrayBuffer()).equals(whole.subarray(after))).toBe(true)
    }
    await called(3)
    answers[2]!.end(whole)
    await third.ended
    expect(third.stream.state().text).toBe(text)
    expect(third.states.join()).toMatch(/^sending,queued 3,queued 2,(queued 1,)?sending,streaming,resolved$/)
    expect(api.calls).toHaveLength(3)
    const { records } = await client.history()
    expect(records.map(({ status, response }) => [status, response?.status])).toEqual(Array(3).fill(['resolved', 200]))
  })

  test('cancel and abort withdraw it from the line; a stop leaves it there, and its call ends without a reader', async () => {
    const { api, options, request, answers, called } = await setUp(await databaseOf())
    const { client } = await startReadyRelay({ ...options, limits: { disconnectGracePeriod: 20 } })
    const first = send(client, request)
    await called(1)
    const stopped = send(client, request)
    await untilStatus(stopped.stream, 'queued', 2)
    const cancelled = send(client, request)
    await untilStatus(cancelled.stream, 'queued', 3)
    const abort = new AbortController()
    const { stream: aborted } = open(client, { params: request, signal: abort.signal })
    const abortedEnd = aborted.send()
    await untilStatus(aborted, 'queued', 4)
    stopped.stream.stop()
    await stopped.ended
    expect(stopped.stream.state()).toMatchObject({ status: 'stopped', inQueue: undefined })
    abort.abort()
    await abortedEnd
    expect(aborted.state()).toMatchObject({ status: 'failed', error: { code: 'ABORTED' } })
    expect(await cancelled.stream.cancel()).toMatchObject({ removed: true })
    await cancelled.ended
    expect(cancelled.stream.state()).toMatchObject({ status: 'cancelled', inQueue: undefined })
    answers[0]!.end(whole)
    await first.ended
    await called(2)
    answers[1]!.write(whole.subarray(0, half))
    // Longer than the grace period of a direct stream.
    await new Promise((resolve) => setTimeout(resolve, 100))
    answers[1]!.end(whole.subarray(half))
    await stopped.stream.resume()
    expect(stopped.stream.state()).toMatchObject({ status: 'resolved', text })
    expect(api.calls).toHaveLength(2)
    const { records } = await client.history()
    expect(records.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'resolved', 'resolved'])
  })

  test('cancel in the middle ends the call for all readers, and the next in line begins', async () => {
    const { options, request, answers, called } = await setUp(await databaseOf())
    const { client } = await startReadyRelay(options)
    const first = send(client, request)
    await called(1)
    const second = send(client, request)
    answers[0]!.write(whole.subarray(0, half))
    await until(first.stream, 1_000)
    const tab = read(tabOf(client), { record: first.stream.state().record })
    await until(tab.stream, 1_000)
    await first.stream.cancel()
    await tab.ended
    expect(tab.stream.state()).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } })
    await called(2)
    expect(answers[0]!.destroyed).toBe(true)
    answers[1]!.end(whole)
    await second.ended
    expect(second.stream.state().text).toBe(text)
  })

  test('a 429 with a time puts it back into the line: the readers get the answer of the second call alone', async () => {
    let calls = 0
    const { options, request } = await setUp(await databaseOf(), (_call, outgoing) => {
      if (++calls === 1) outgoing.writeHead(429, { 'retry-after': '1', 'content-type': 'text/plain' }).end('too fast')
      else outgoing.writeHead(200, { 'content-type': 'text/plain' }).end(whole)
    })
    const { client } = await startReadyRelay(options)
    const { stream, states, ended } = send(client, request)
    await eventually(() => expect(stream.state().record).toBeDefined())
    const tab = read(tabOf(client), { record: stream.state().record })
    await Promise.all([ended, tab.ended])
    for (const one of [stream, tab.stream]) expect(one.state()).toMatchObject({ status: 'resolved', text })
    expect(states).toContain('queued 1')
    expect(calls).toBe(2)
  })

  test('a status of 400 or more is the error, with the body, for each reader', async () => {
    const { options, request } = await setUp(await databaseOf(), (_call, outgoing) => {
      outgoing.writeHead(422, { 'content-type': 'application/json' }).end(`{"error":"Bearer ${secret}"}`)
    })
    const { client } = await startReadyRelay(options)
    const { stream, ended } = send(client, request)
    await ended
    const late = read(client, { record: stream.state().record })
    await late.ended
    const error = { code: 'UPSTREAM_ERROR', status: 422, data: { error: 'Bearer $CLIENT_SECRET' } }
    for (const one of [stream, late.stream]) expect(one.state()).toMatchObject({ status: 'failed', error })
  })

  test('a resend of the same idempotency key in line is the same request; another request with it is refused', async () => {
    const { api, options, request, answers, called } = await setUp(await databaseOf())
    const { client } = await startReadyRelay(options)
    const first = send(client, request)
    await called(1)
    const key = randomId()
    const second = send(client, request, key)
    await untilStatus(second.stream, 'queued', 2)
    const again = send(client, request, key)
    await untilStatus(again.stream, 'queued', 2)
    // A page that knows the key alone, because it reloaded before the relay answered.
    const byKey = read(client, { idempotencyKey: key })
    await untilStatus(byKey.stream, 'queued', 2)
    expect(again.stream.state().record).toEqual(second.stream.state().record)
    const other = send(client, { ...request, url: `${request.url}/2` }, key)
    await other.ended
    expect(other.stream.state().error).toMatchObject({ code: 'INVALID_PARAMETER', path: 'headers.idempotency-key' })
    answers[0]!.end()
    await called(2)
    answers[1]!.end(whole)
    await Promise.all([first, second, again, byKey].map(({ ended }) => ended))
    for (const { stream } of [second, again, byKey]) expect(stream.state()).toMatchObject({ status: 'resolved', text })
    expect(api.calls).toHaveLength(2)
  })
})

test.each([
  ['SQLite', sqliteFile],
  ['Postgres', () => postgres.database()],
])(
  'after kill -9 the stream that ran is INTERRUPTED with what had come, and the next in line runs; %s',
  async (_name, databaseOf) => {
    const { api, options, request, answers, called } = await setUp(await databaseOf())
    const before = await startRelayProcess(options)
    // Safe to repeat, but its readers have the beginning.
    const params = { ...request, method: 'GET' } as const
    const first = send(before.client, params)
    await called(1)
    const second = send(before.client, params)
    await untilStatus(second.stream, 'queued', 2)
    answers[0]!.write(whole.subarray(0, half))
    await until(first.stream, 1_000)
    first.stream.pause()
    second.stream.pause()
    const had = first.stream.state().text
    await before.kill()
    const { url } = await startReadyRelay(options)
    const late = read(tabOf(before.client, url), { record: first.stream.state().record })
    const next = read(tabOf(before.client, url), { record: second.stream.state().record })
    await late.ended
    expect(late.stream.state()).toMatchObject({ status: 'failed', error: { code: 'INTERRUPTED' } })
    expect(late.stream.state().text.startsWith(had)).toBe(true)
    expect(text.startsWith(late.stream.state().text)).toBe(true)
    await eventually(() => expect(answers).toHaveLength(2))
    answers[1]!.end(whole)
    await next.ended
    expect(next.stream.state()).toMatchObject({ status: 'resolved', text })
    expect(api.calls).toHaveLength(2)
  },
  90_000,
)

test('two relays of one database: the reader of each has its place, and the bytes while they come', async () => {
  const { api, options, request, answers, called } = await setUp(await postgres.database())
  const [one, other] = [await startReadyRelay(options), await startReadyRelay(options)]
  const first = send(one.client, request)
  await called(1)
  const second = send(one.client, request)
  await untilStatus(second.stream, 'queued', 2)
  const elsewhere = read(tabOf(one.client, other.url), { record: second.stream.state().record })
  await untilStatus(elsewhere.stream, 'queued', 2)
  answers[0]!.end()
  await called(2)
  answers[1]!.write(whole.subarray(0, half))
  await Promise.all([until(second.stream, 1_000), until(elsewhere.stream, 1_000)])
  answers[1]!.end(whole.subarray(half))
  await Promise.all([first.ended, second.ended, elsewhere.ended])
  for (const { stream } of [second, elsewhere]) expect(stream.state()).toMatchObject({ status: 'resolved', text })
  expect(api.calls).toHaveLength(2)
})

describe.each([
  ['SQLite', sqliteFile],
  ['Postgres', () => postgres.database()],
])('a stream in a shared queue, in %s', (_name, databaseOf) => {
  const limited: RelayOptions = { queues: { chat: { shared: true, maxConcurrency: 1 } } }

  test('it waits behind the stream of another caller, and has its slot until its end', async () => {
    const { api, options, request, answers, called } = await setUp(await databaseOf())
    const { url, client } = await startReadyRelay({ ...options, ...limited })
    const first = send(client, request)
    await called(1)
    answers[0]!.write(whole.subarray(0, half))
    await until(first.stream, 1_000)
    const stranger = createClient({ relay: url })
    stranger.transport.session!(randomId())
    const second = send(stranger, request)
    await untilStatus(second.stream, 'queued', 2)
    expect(api.calls).toHaveLength(1)
    answers[0]!.end(whole.subarray(half))
    await first.ended
    await called(2)
    answers[1]!.end(whole)
    await second.ended
    for (const { stream } of [first, second]) expect(stream.state()).toMatchObject({ status: 'resolved', text })
  })

  test('a stream that never ends frees its slot after streamIdleTimeout', async () => {
    const { options, request, answers, called } = await setUp(await databaseOf())
    const limits = { streamIdleTimeout: 300 }
    const { client } = await startReadyRelay({ ...options, ...limited, limits })
    const silent = send(client, request)
    await called(1)
    const next = send(client, request)
    await untilStatus(next.stream, 'queued', 2)
    answers[0]!.write(whole.subarray(0, half))
    await silent.ended
    expect(silent.stream.state()).toMatchObject({ status: 'failed', error: { code: 'UPSTREAM_TIMEOUT' } })
    expect(text.startsWith(silent.stream.state().text)).toBe(true)
    await called(2)
    answers[1]!.end(whole)
    await next.ended
    expect(next.stream.state().text).toBe(text)
  })

  test('50 streams whose readers have gone run to their ends, one at a time', async () => {
    let running = 0
    let most = 0
    const { api, options, request } = await setUp(await databaseOf(), (_call, outgoing) => {
      most = Math.max(most, ++running)
      outgoing.writeHead(200, { 'content-type': 'text/plain' }).write(whole.subarray(0, half))
      setTimeout(() => {
        running--
        outgoing.end(whole.subarray(half))
      }, 5)
    })
    const limits = { disconnectGracePeriod: 1 }
    const { client } = await startReadyRelay({ ...options, ...limited, limits })
    const streams = Array.from({ length: 50 }, () => send(client, request).stream)
    await eventually(() => expect(streams.every((stream) => stream.state().record)).toBe(true))
    for (const stream of streams) stream.pause()
    await eventually(async () => {
      const { records } = await client.history({ limit: 100, compact: true })
      expect(records.filter(({ status }) => status === 'resolved')).toHaveLength(50)
    })
    expect([api.calls.length, most]).toEqual([50, 1])
    const late = read(tabOf(client), { record: streams[31]!.state().record })
    await late.ended
    expect(late.stream.state().text).toBe(text)
  })
})

test('poll without a queue streams at once, in the background', async () => {
  const { options, request, answers, called } = await setUp()
  const { client } = await startReadyRelay(options)
  const params = { ...request, queue: undefined, poll: 500 }
  const streams = [send(client, params), send(client, params)]
  await called(2)
  for (const answer of answers) answer.end(whole)
  await Promise.all(streams.map(({ ended }) => ended))
  for (const { stream } of streams) expect(stream.state()).toMatchObject({ status: 'resolved', text })
})

test('the stream of another caller looks like a missing one, in line and afterwards', async () => {
  const { options, request, answers, called } = await setUp()
  const { client, url } = await startReadyRelay(options)
  const first = send(client, request)
  await called(1)
  const second = send(client, request)
  await untilStatus(second.stream, 'queued', 2)
  const headOf = async (id: string, session: string) => {
    const response = await fetch(`${url}/requests/${id}/stream?after=0`, { headers: { 'client-session': session } })
    const head = JSON.parse(atob(response.headers.get('client-secret-response')!)) as object
    return { http: response.status, body: await response.text(), ...head }
  }
  const { id } = second.stream.state().record!
  const own = client.transport.session!(null)
  const missing = await headOf(strangerOf(id), own)
  expect(missing).toMatchObject({ error: { code: 'REQUEST_NOT_FOUND' } })
  const unnamed = (head: object) => JSON.stringify(head).replace(/[0-9a-z]+-[0-9a-f]{32}/g, '')
  expect(unnamed(await headOf(id, randomId()))).toBe(unnamed(missing))
  const waiting = { id, status: 'pending', inQueue: 2, queueName: 'chat' }
  expect(await headOf(id, own)).toMatchObject({ http: 202, body: '', id, waiting })
  answers[0]!.end()
  await called(2)
  answers[1]!.end(whole)
  await second.ended
  await first.ended
  expect(unnamed(await headOf(id, randomId()))).toBe(unnamed(missing))
})

test('keep without queue and poll, and a queue in POST /fetch, are refused with what to do', async () => {
  const { api, options, request } = await setUp()
  const { client } = await startReadyRelay(options)
  const { queue: _queue, ...direct } = request
  await expect(
    client.transport.submit({ ...direct, keep: true }, { idempotencyKey: randomId() }),
  ).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    path: 'keep',
    message: expect.stringContaining('POST /fetch') as string,
  })
  const header = btoa(JSON.stringify(request))
  const response = await client.transport.fetch!({ headers: { 'client-secret-request': header }, signal: null })
  expect(await response.json()).toMatchObject({
    error: { code: 'INVALID_PARAMETER', message: expect.stringContaining('POST /requests') as string },
  })
  expect(api.calls).toHaveLength(0)
})

test('a key for data# streams from a queue only with stream: true in its rule, and is redacted in pieces', async () => {
  const { api, options, request } = await setUp(undefined, ({ body }, outgoing) => {
    const { prompt } = JSON.parse(body) as { prompt: string }
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const piece of `You said ${prompt}.`.match(/.{1,5}/g)!)
      outgoing.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: piece } }] })}\n\n`)
    outgoing.end('data: [DONE]\n\n')
  })
  const key = (stream: boolean) => ({ ...keyFor(api.url, { in: ['data#/prompt'], stream }), secret })
  const { client } = await startReadyRelay({ ...options, keys: { streams: key(true), whole: key(false) } })
  for (const clientSecretName of ['streams', 'whole']) {
    const params = { ...request, clientSecretName, headers: {}, data: { prompt: '$CLIENT_SECRET' } }
    const stream = createStream(client, { params })
    await stream.send()
    expect(stream.state()).toMatchObject({ status: 'resolved' })
    expect(stream.state().text).toMatch(/^You said /)
    expect(stream.state().text.replaceAll(/[^A-Za-z0-9]/g, '')).not.toContain(secret.slice(12, 30))
  }
})

test('a stream that finds no room for its bytes after the call fails, and is not sent again', async () => {
  const { api, options, request } = await setUp(undefined, ({ path }, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/plain' }).write('otter '.repeat(40_000))
    // The relay holds the bytes of a stream that goes on.
    if (path === '/v1') outgoing.end()
  })
  const limits = {
    requestBytes: 1_000,
    responseBytes: 300_000,
    bytesInFlight: 800_000,
    bytesInFlightPerCaller: 370_000,
  }
  // The relay gathers the answer of a key for data#.
  const gathered = { ...keyFor(api.url, { in: ['data#/prompt'] }), secret }
  const { client, url, log } = await startReadyRelay({ ...options, limits, keys: { ...options.keys, gathered } })
  const session = { 'client-session': client.transport.session!(null) }
  const header = btoa(JSON.stringify({ ...request, queue: undefined, url: `${request.url}/open` }))
  const held = await fetch(`${url}/fetch`, {
    method: 'POST',
    headers: { ...session, 'client-secret-request': header },
  })
  const data = { prompt: '$CLIENT_SECRET' }
  const { stream, ended } = send(client, { ...request, clientSecretName: 'gathered', headers: {}, data })
  await eventually(() =>
    expect(log).toContainEqual(expect.objectContaining({ details: expect.objectContaining({ code: 'RATE_LIMITED' }) })),
  )
  await held.body!.cancel()
  await ended
  expect(stream.state()).toMatchObject({ status: 'failed', error: { code: 'RATE_LIMITED' } })
  expect(api.calls.filter(({ path }) => path === '/v1')).toHaveLength(1)
})
