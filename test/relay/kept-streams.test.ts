import type { ServerResponse } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { createStream, type StreamObject } from '../../src/client/create-stream.ts'
import { randomId } from '../../src/client/random-id.ts'
import { createBytesInFlight } from '../../src/relay/common/bytes-in-flight.ts'
import { readLimits } from '../../src/relay/common/relay-limits.ts'
import { createSharedBody } from '../../src/relay/execution/direct/shared-body.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { keyFor, startReadyRelay, strangerOf } from '../helpers/relay.ts'
import { sqliteFile } from '../helpers/sqlite-file.ts'

const postgres = postgresOfThisFile()
const secret = 'sk-proj-8hQ2mX4vB7nK1pR5tY9wZ3cF6gJ0lD'
const headers = { authorization: 'Bearer $CLIENT_SECRET' }
const text = Array.from({ length: 400 }, (_, n) => `Otter ${n} 🦦 says sk-\n`).join('')
const whole = Buffer.from(text)

/** An API that streams as the test says, and the options of a relay before it. */
async function setUp(database?: string) {
  const answers: ServerResponse[] = []
  const api = await startApi((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/plain' }).flushHeaders()
    answers.push(outgoing)
  })
  const key = { ...keyFor(api.url), secret }
  const options: RelayOptions = { keys: { api: key }, ...(database && { database }) }
  const request = { clientSecretName: 'api', url: `${api.url}/v1`, method: 'POST', headers, keep: true } as const
  return { api, options, request, answers, answered: () => eventually(() => expect(answers).toHaveLength(1)) }
}

const read = { read: 'text' as const }
const textOf = (stream: StreamObject) => stream.state().text
const until = (stream: StreamObject, length: number) =>
  eventually(() => expect(textOf(stream).length).toBeGreaterThanOrEqual(length))

describe.each([
  ['memory', () => Promise.resolve(undefined)],
  ['SQLite', sqliteFile],
  ['Postgres', () => postgres.database()],
])('a kept stream, in %s', (_name, databaseOf) => {
  test('another page reads it from its beginning while it runs, and at any byte; the API is called once', async () => {
    const { api, options, request, answers, answered } = await setUp(await databaseOf())
    const { client, url } = await startReadyRelay({ ...options, limits: { disconnectGracePeriod: 50 } })
    const first = createStream(client, { params: request, options: () => read })
    void first.send()
    await answered()
    answers[0]!.write(whole.subarray(0, 3_000))
    await until(first, 2_000)
    // As a reload: the page is gone, and the call goes on.
    first.pause()
    const { record } = first.state()
    const second = createStream(client, { record, options: () => read })
    void second.resume()
    await until(second, 2_000)
    await new Promise((resolve) => setTimeout(resolve, 150))
    const third = createStream(client, { record, options: () => read })
    const end = third.resume()
    await until(third, 2_000)
    answers[0]!.end(whole.subarray(3_000))
    await end
    await eventually(() => expect(second.state().status).toBe('resolved'))
    expect([second, third].map(textOf)).toEqual([text, text])
    const session = { 'client-session': client.transport.session!(null) }
    for (const after of [0, 1, 2, 17, 2_999, 3_000, 3_001, whole.length - 1, whole.length, whole.length + 5]) {
      const response = await fetch(`${url}/requests/${record!.id}/stream?after=${after}`, { headers: session })
      expect(Buffer.from(await response.arrayBuffer()).equals(whole.subarray(after))).toBe(true)
    }
    expect(api.calls).toHaveLength(1)
    const [found] = (await client.history()).records
    expect(found).toMatchObject({ status: 'resolved', id: record!.id })
  })

  test('an API that breaks off: each reader has what came, and the error', async () => {
    const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
    const { options, request, answers, answered } = await setUp(await databaseOf())
    const { client } = await startReadyRelay(options)
    const first = createStream(client, { params: request, options: () => read })
    const ended = first.send()
    await answered()
    answers[0]!.write(whole.subarray(0, 3_000))
    await until(first, 2_000)
    answers[0]!.destroy()
    await ended
    const late = createStream(client, { record: first.state().record, options: () => read })
    await late.resume()
    for (const stream of [first, late])
      expect(stream.state()).toMatchObject({ status: 'failed', error: { code: 'UPSTREAM_UNREACHABLE' } })
    expect(textOf(late)).toBe(textOf(first))
    expect(text.startsWith(textOf(late))).toBe(true)
    printed.mockRestore()
  })
})

test.each([
  ['SQLite', sqliteFile],
  ['Postgres', () => postgres.database()],
])(
  'after kill -9 the stream is INTERRUPTED, with what had come; %s',
  async (_name, databaseOf) => {
    const { api, options, request, answers, answered } = await setUp(await databaseOf())
    const before = await startRelayProcess(options)
    const first = createStream(before.client, { params: request, options: () => read })
    void first.send()
    await answered()
    answers[0]!.write(whole.subarray(0, 3_000))
    await until(first, 2_000)
    first.pause()
    const had = textOf(first)
    await before.kill()
    const { url } = await startReadyRelay(options)
    const session = before.client.transport.session!(null)
    const transport = createClient({ relay: url }).transport
    transport.session!(session)
    const late = createStream({ transport }, { record: first.state().record, options: () => read })
    await late.resume()
    expect(late.state()).toMatchObject({ status: 'failed', error: { code: 'INTERRUPTED' } })
    expect(textOf(late).startsWith(had)).toBe(true)
    expect(text.startsWith(textOf(late))).toBe(true)
    expect(api.calls).toHaveLength(1)
  },
  60_000,
)

test('two relays of one database: the other one passes the bytes on while they come', async () => {
  const { api, options, request, answers, answered } = await setUp(await postgres.database())
  const [one, other] = [await startReadyRelay(options), await startReadyRelay(options)]
  const first = createStream(one.client, { params: request, options: () => read })
  void first.send()
  await answered()
  answers[0]!.write(whole.subarray(0, 3_000))
  await until(first, 2_000)
  other.client.transport.session!(one.client.transport.session!(null))
  const second = createStream(other.client, { record: first.state().record, options: () => read })
  const ended = second.resume()
  await until(second, 2_000)
  answers[0]!.end(whole.subarray(3_000))
  await ended
  expect(textOf(second)).toBe(text)
  expect(api.calls).toHaveLength(1)
})

test('a send of an interrupted stream begins no other answer: the relay that was taken for dead still writes the first', async () => {
  const address = await postgres.database()
  const { api, options, request, answers, answered } = await setUp(address)
  const [slow, other] = [await startReadyRelay(options), await startReadyRelay(options)]
  const start = { params: { ...request, method: 'PUT' } as const, options: () => read, idempotencyKey: randomId() }
  const first = createStream(slow.client, start)
  const end = first.send()
  await answered()
  answers[0]!.write(whole.subarray(0, 3_000))
  await until(first, 2_000)
  // What another relay does with the claim of one that was silent.
  await postgres.query(
    address,
    `UPDATE records SET status = 'failed', version = version + 1, error = '{"code":"INTERRUPTED","message":""}'`,
  )
  other.client.transport.session!(slow.client.transport.session!(null))
  const second = createStream(other.client, start)
  await second.send()
  expect(second.state()).toMatchObject({ status: 'failed', error: { code: 'INTERRUPTED' } })
  answers[0]!.end(whole.subarray(3_000))
  await end
  const late = createStream(other.client, { record: first.state().record, options: () => read })
  await late.resume()
  expect([first, late].map(textOf)).toEqual([text, text])
  expect(late.state().status).toBe('resolved')
  expect(api.calls).toHaveLength(1)
})

test('another caller, a stranger id, a stream that is not kept and a wrong position are refused', async () => {
  const { options, request, answers, answered } = await setUp()
  const { client, url } = await startReadyRelay(options)
  const first = createStream(client, { params: { ...request, keep: false }, options: () => read })
  const ended = first.send()
  await answered()
  answers[0]!.end(whole)
  await ended
  const { id } = first.state().record!
  const errorOf = async (path: string, session: string) => {
    const response = await fetch(`${url}/requests/${path}`, { headers: { 'client-session': session } })
    return (JSON.parse(atob(response.headers.get('client-secret-response')!)) as { error: { code: string } }).error.code
  }
  const own = client.transport.session!(null)
  const named = createStream(client, {
    params: { ...request, url: `${request.url}/2` },
    idempotencyKey: 'k'.repeat(30),
  })
  void named.send()
  await eventually(() => expect(answers).toHaveLength(2))
  const stream = createStream(client, { idempotencyKey: 'k'.repeat(30), options: () => read })
  const read2 = stream.resume()
  answers[1]!.end(whole)
  await read2
  expect(textOf(stream)).toBe(text)
  expect(await errorOf(`${'k'.repeat(30)}/stream`, 'b'.repeat(30))).toBe('REQUEST_NOT_FOUND')
  expect(await errorOf(`${id}/stream?after=0`, 'b'.repeat(30))).toBe('REQUEST_NOT_FOUND')
  expect(await errorOf(`${strangerOf(id)}/stream`, own)).toBe('REQUEST_NOT_FOUND')
  expect(await errorOf(`${id}/stream`, own)).toBe('INVALID_PARAMETER')
  expect(await errorOf(`${id}/stream?after=-1`, own)).toBe('INVALID_PARAMETER')
})

test('cancel ends a kept stream for all its readers; without a reader it goes on beyond the grace period', async () => {
  const { options, request, answers, answered } = await setUp()
  const { client } = await startReadyRelay({ ...options, limits: { disconnectGracePeriod: 50 } })
  const first = createStream(client, { params: request, options: () => read })
  void first.send()
  await answered()
  answers[0]!.write(whole.subarray(0, 3_000))
  await until(first, 2_000)
  first.stop()
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(answers[0]!.destroyed).toBe(false)
  const second = createStream(client, { record: first.state().record, options: () => read })
  const ended = second.resume()
  await until(second, 2_000)
  await first.cancel()
  await ended
  expect(second.state()).toMatchObject({ status: 'cancelled', error: { code: 'CANCELLED' } })
})

test('a kept stream is bounded, redacted in the database, and goes with its record', async () => {
  const database = await sqliteFile()
  const { options, request, answers, answered } = await setUp(database)
  const { client } = await startReadyRelay({ ...options, limits: { responseBytes: 100_000 } })
  const first = createStream(client, { params: { ...request, expires: 3 }, options: () => read })
  const ended = first.send()
  await answered()
  answers[0]!.write(`Bearer ${secret} `)
  for (let n = 0; n < 30; n++) answers[0]!.write(whole.subarray(0, 5_000))
  await ended
  expect(first.state()).toMatchObject({ status: 'failed', error: { code: 'RESPONSE_TOO_LARGE' } })
  const { DatabaseSync } = await import('node:sqlite')
  const rows = () => {
    const opened = new DatabaseSync(database, { readOnly: true })
    const found = opened.prepare('SELECT bytes FROM stream_pieces WHERE position >= 0 ORDER BY position').all()
    opened.close()
    return (found as { bytes: string }[]).map(({ bytes }) => Buffer.from(bytes, 'base64').toString()).join('')
  }
  expect(rows()).toContain('Bearer $CLIENT_SECRET ')
  expect(rows()).not.toContain(secret)
  expect(rows().length).toBeLessThanOrEqual(100_000)
  await eventually(() => expect(rows()).toBe(''))
})

/** The head of a kept stream that runs. */
async function running(options: RelayOptions, request: object, answered: () => Promise<void>, more: object = {}) {
  const { client, url } = await startReadyRelay(options)
  const stream = createStream(client, { params: { ...request, ...more } as never, options: () => read })
  void stream.send()
  await answered()
  await eventually(() => expect(stream.state().record).toBeDefined())
  const session = client.transport.session!(null)
  return {
    url,
    stream,
    path: `${url}/requests/${stream.state().record!.id}/stream`,
    headers: { 'client-session': session },
  }
}

const statusOf = (answer: Response) =>
  (JSON.parse(atob(answer.headers.get('client-secret-response')!)) as { status: number }).status

test('HEAD of a stream has no reader, so it leaves nothing behind', async () => {
  const { options, request, answers, answered } = await setUp()
  const { path, headers: own } = await running(options, request, answered)
  answers[0]!.end(whole)
  const statuses = new Set<number>()
  for (let n = 0; n < 150; n++) statuses.add(statusOf(await fetch(path, { method: 'HEAD', headers: own })))
  expect([...statuses]).toEqual([200])
})

test('a reader counts as a held poll, and holds no memory while the API is silent', async () => {
  const { options, request, answered } = await setUp()
  const { path, headers: own } = await running(
    {
      ...options,
      limits: {
        heldPollsPerCaller: 40,
        requestBytes: 1_000,
        responseBytes: 100_000,
        bytesInFlight: 700_000,
        bytesInFlightPerCaller: 340_000,
      },
    },
    request,
    answered,
  )
  const readers = await Promise.all(Array.from({ length: 40 }, () => fetch(path, { headers: own })))
  expect([...new Set(readers.map(statusOf))]).toEqual([200])
  const refused = await fetch(path, { headers: own })
  expect([statusOf(refused), await refused.text()]).toEqual([429, expect.stringContaining('limits.heldPollsPerCaller')])
  for (const reader of readers) await reader.body!.cancel()
  await eventually(async () => expect(statusOf(await fetch(path, { headers: own }))).toBe(200))
})

test('a kept call ends with its record', async () => {
  const { options, request, answers, answered } = await setUp(await sqliteFile())
  const { stream } = await running(options, request, answered, { expires: 1 })
  stream.pause()
  const ended = vi.fn()
  answers[0]!.once('close', ended)
  await eventually(() => expect(ended).toHaveBeenCalled())
})

test('bytes of a kept stream stay in memory only while there is room and a reader', () => {
  const limits = readLimits({ requestBytes: 1_000, responseBytes: 100_000 })
  const { open } = createBytesInFlight(limits)
  const kept = createSharedBody(open('one'))
  kept.add(Buffer.alloc(1_000))
  expect(kept.size).toBe(1_000)
  // Another answer of this caller takes the rest of the caller's room.
  open('one').demand(limits.bytesInFlightPerCaller - 1_500)
  kept.add(Buffer.alloc(1_000))
  expect(kept.size).toBe(0)
  const left = createSharedBody(open('two'))
  const reader = left.read(() => {}).getReader()
  left.add(Buffer.alloc(1_000))
  expect(left.size).toBe(1_000)
  void reader.cancel()
  left.add(Buffer.alloc(1_000))
  expect(left.size).toBe(0)
})

test('a call that was ended between two chunks does not wait for a reader that reads nothing', async () => {
  const { open } = createBytesInFlight(readLimits({}))
  const body = createSharedBody(open('one'))
  const reader = body.read(() => {}).getReader()
  const ending = new AbortController()
  ending.abort(new Error('the call was cancelled'))
  await expect(body.write(Buffer.alloc(300_000), ending.signal)).rejects.toThrow('the call was cancelled')
  await reader.cancel()
})
