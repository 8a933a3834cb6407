import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { readTrace, traceHeaders, traceOf, traceText } from '../../src/relay/common/trace-context.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'

const postgres = postgresOfThisFile()

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const pageSpan = '00f067aa0ba902b7'
const traceparent = `00-${traceId}-${pageSpan}-01`

/** A relay that names its trace to the API, and a page that sends one. */
async function setUp(
  options: Parameters<typeof startRelay>[0] = {},
  headers: Record<string, string> = { traceparent },
) {
  const api = await startApi(({ path }, outgoing) => {
    if (path === '/moved') return void outgoing.writeHead(307, { location: '/v1' }).end()
    json(outgoing, {})
  })
  const started = await startRelay({
    keys: { api: keyFor(api.url) },
    authenticate: () => 'ada',
    traceTo: [api.url],
    ...options,
  })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1`,
    method: 'POST' as const,
    headers: { authorization: 'Bearer $CLIENT_SECRET' },
    data: { text: 'hello' },
  }
  const client = createClient({ relay: started.url, headers })
  const lines = () => started.log.filter(({ message }) => message === 'a request was run').map(({ details }) => details)
  return { ...started, api, client, request, lines }
}

/** What the API got of the trace. */
function tracesOf({ calls }: { calls: { headers: Record<string, unknown> }[] }) {
  return calls.map(({ headers: { traceparent, tracestate } }) => ({ traceparent, tracestate }))
}

const ownPlace = expect.stringMatching(new RegExp(`^00-${traceId}-(?!${pageSpan})[0-9a-f]{16}-01$`)) as string

test('the trace of the page reaches the API with a place of the relay, and the log names it', async () => {
  const { client, api, request, lines } = await setUp({}, { traceparent, tracestate: 'vendor=one, other=two' })
  await client.send(request)
  await client.send({ ...request, method: 'GET', data: undefined })
  await client.send({ ...request, url: `${api.url}/moved` })
  const place = { traceparent: ownPlace, tracestate: 'vendor=one,other=two' }
  expect(tracesOf(api)).toEqual([place, place, place, place])
  await eventually(() => expect(lines()).toHaveLength(3))
  for (const line of lines()) expect(line).toMatchObject({ traceId })
})

test('a fetch of an SDK carries the trace too, without describing it', async () => {
  const { client, api } = await setUp()
  const fetched = client.fetchWith('api')
  await fetched(`${api.url}/v1`, { method: 'POST', headers: { authorization: 'Bearer $CLIENT_SECRET' }, body: 'text' })
  expect(tracesOf(api)).toEqual([{ traceparent: ownPlace, tracestate: undefined }])
})

test.each([
  ['the origin is not named', []],
  ['another origin is named', ['https://api.example.com']],
])('an API gets no trace if %s', async (_case, traceTo) => {
  const { client, api, request, lines } = await setUp({ traceTo })
  await client.send(request)
  expect(tracesOf(api)).toEqual([{ traceparent: undefined, tracestate: undefined }])
  await eventually(() => expect(lines()).toMatchObject([{ traceId }]))
})

test('a repeat with another trace joins the same request', async () => {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const { url } = await setUp({ keys: { api: keyFor(api.url) } })
  const other = traceparent.replace(traceId, traceId.replaceAll('4', '5'))
  for (const fields of [{}, { method: 'GET' }, { queue: 'q', poll: 20 }]) {
    const idempotencyKey = JSON.stringify(fields)
    const body = JSON.stringify({
      clientSecretName: 'api',
      url: `${api.url}/v1`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
      ...fields,
    })
    const send = async (traceparent: string) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': idempotencyKey, traceparent }
      const answer = await fetch(`${url}/requests`, { method: 'POST', headers, body })
      return (await answer.json()) as { id: string; error?: unknown }
    }
    const both = [send(traceparent), send(other)]
    open()
    const [one, two] = await Promise.all(both)
    expect(two).toMatchObject({ id: one!.id })
    expect(two!.error).toBeUndefined()
  }
  await eventually(() => expect(api.calls).toHaveLength(3))
})

describe.each(['SQLite', 'Postgres'])('on %s', (kind) => {
  test('the trace of a queued request survives its relay', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'traces-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const database = kind === 'Postgres' ? await postgres.database() : join(folder, 'relay.db')
    const { opened, open } = door()
    const api = await startApi(async ({ path }, outgoing) => {
      if (path === '/slow') await opened
      json(outgoing, {})
    })
    const keys = { api: keyFor(api.url) }
    const { client, relay, request } = await setUp({ keys, database, shutdownTimeout: 1 })
    const shared = { ...request, url: `${api.url}/slow`, queue: 'q' }
    await client.clientSecretRequest(shared)
    await eventually(() => expect(api.calls).toHaveLength(1))
    const { id } = await client.clientSecretRequest(shared)
    await relay.close()
    open()
    const next = await startRelay({ keys, database, authenticate: () => 'ada', traceTo: [api.url] })
    await createClient({ relay: next.url }).follow({ id }, { interval: 20 })
    expect(tracesOf(api).at(-1)).toEqual({ traceparent: ownPlace })
    expect(api.calls).toHaveLength(2)
  })

  test('the API of a queued request gets the trace', async () => {
    const database = kind === 'Postgres' ? await postgres.database() : undefined
    const shared = { queues: { all: { shared: true as const, maxConcurrency: 1 } } }
    const { client, api, request } = await setUp({ ...(database && { database }), ...shared })
    for (const queue of ['q', 'all', undefined])
      await client.clientSecretRequest({ ...request, ...(queue && { queue }), poll: 20 })
    expect(tracesOf(api)).toEqual(Array(3).fill({ traceparent: ownPlace }))
  })
})

const broken: [string, string][] = [
  ['empty', ''],
  ['of zeros', `00-${'0'.repeat(32)}-${pageSpan}-01`],
  ['with a span of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['in capitals', traceparent.toUpperCase()],
  ['of version ff', traceparent.replace('00-', 'ff-')],
  ['too long for version 00', `${traceparent}-more`],
  ['of two', `${traceparent}, ${traceparent}`],
  ['with a placeholder', `00-${traceId}-${pageSpan}-$CLIENT_SECRET`],
  ['with characters of a terminal', `${traceparent}\u001b[31m`],
  ['of 8,000 characters', `01-${traceId}-${pageSpan}-01-${'a'.repeat(8_000)}`],
]

test.each(broken)('a traceparent %s is none, and the call goes on', async (_case, hostile) => {
  expect(readTrace(new Map([['traceparent', hostile]]) as unknown as Headers)).toBeNull()
  // A client refuses some of them before it sends them.
  if (hostile.includes('\u001b')) return
  const { client, api, request, lines } = await setUp({}, { traceparent: hostile, tracestate: 'vendor=one' })
  await client.send(request)
  expect(tracesOf(api)).toEqual([{}])
  await eventually(() => expect(lines()).toMatchObject([{ traceId: undefined }]))
})

test.each([
  ['a key twice', 'a=1,a=2'],
  ['no value', 'a'],
  ['a value with an equals sign', 'a=b=c'],
  ['a capital in the key', 'A=b'],
  ['33 members', Array.from({ length: 33 }, (_, index) => `k${index}=1`).join(',')],
  ['more than 512 characters', `a=${'b'.repeat(250)},b=${'b'.repeat(250)},c=${'b'.repeat(20)}`],
])('a tracestate with %s is dropped, and the trace goes on', async (_case, tracestate) => {
  const { client, api, request } = await setUp({}, { traceparent, tracestate })
  await client.send(request)
  expect(tracesOf(api)).toEqual([{ traceparent: ownPlace }])
})

test('a later version keeps its trace, with the two known flags', () => {
  const headers = new Headers({ traceparent: `cc-${traceId}-${pageSpan}-ff-what-comes` })
  expect(readTrace(headers)).toEqual({ traceId, spanId: pageSpan, flags: 3, state: undefined })
})

test('what passes is in the form of the standard, whatever came', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.boolean(), (one, other, isPrefixed) => {
      const found = traceOf(`${isPrefixed ? `cc-${traceId}-${pageSpan}-01-` : ''}${one} ${other}`)
      if (!found) return
      const { traceparent, tracestate = 'a=b' } = traceHeaders(found)
      expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/)
      expect(tracestate).toMatch(/^[\x20-\x7e]{1,512}$/)
      expect(traceOf(traceText(found))).toEqual(found)
    }),
  )
})

test("the relay's trace takes the place of a described one; rules and the caller's record see neither", async () => {
  const { client, api, request } = await setUp()
  const described = {
    ...request.headers,
    Traceparent: traceparent.replace(pageSpan, 'a'.repeat(16)),
    tracestate: 'my=own',
  }
  const { record } = (await client.send({ ...request, headers: described })) as { record: object }
  expect(tracesOf(api)).toEqual([{ traceparent: ownPlace }])
  expect(JSON.stringify(record)).not.toContain(traceId)
  const { records } = await client.history()
  expect(records).toHaveLength(1)
  expect(JSON.stringify({ ...records[0], request: undefined })).not.toContain(traceId)
})

test('a signed call gets the trace after its signature', async () => {
  const api = await startApi()
  const key = {
    ...keyFor(api.url, { in: ['headers.x-signature'] }),
    sign: { hmac: 'sha256', over: ['headers.traceparent', 'body'] },
  }
  const { client, request } = await setUp({ keys: { api: key as KeyOptions }, traceTo: [api.url] })
  await client.send({ ...request, url: `${api.url}/v1`, headers: { 'x-signature': '$CLIENT_SECRET' } })
  const signature = createHmac('sha256', canary).update('{"text":"hello"}').digest('hex')
  expect(api.calls[0]!.headers).toMatchObject({ 'x-signature': signature, traceparent: ownPlace })
})

test('an origin with a path stops the start', async () => {
  await expect(
    startRelay({ keys: { api: keyFor('http://127.0.0.1:1') }, traceTo: ['https://a.test/x'] }),
  ).rejects.toThrow(
    /traceTo.0 must be an origin such as "https:\/\/api.example.com": scheme and host, no path, no wildcard/,
  )
})
