import type { ClientSecretError } from '../../src/protocol/errors.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseRequest } from '../../src/protocol/parse-request.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import { serve } from '../../src/command/serve.ts'
import { isAllowedAddress } from '../../src/relay/upstream/ip-filter.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const session = { 'client-session': 'a-session-of-enough-characters', 'content-type': 'application/json' }

test('80,000 headers are refused without being compared with each other', async () => {
  const { url } = await startRelay({ keys: { api: keyFor('http://127.0.0.1:1') } })
  const headers = Object.fromEntries(Array.from({ length: 60_000 }, (_, index) => [`a${index}`, '']))
  const started = performance.now()
  const response = await fetch(`${url}/requests`, {
    method: 'POST',
    headers: session,
    body: JSON.stringify({ clientSecretName: 'api', url: 'http://127.0.0.1:1/', method: 'GET', headers }),
  })
  expect(await response.json()).toMatchObject({
    error: {
      code: 'INVALID_PARAMETER',
      message: expect.stringMatching(/^headers must name at most 100 headers; it names 60000\./) as string,
    },
  })
  // Compared in pairs they took 9 s; a bound on the mechanism, not on the machine.
  expect(performance.now() - started).toBeLessThan(3_000)
})

test.each([
  ['a space before the form type', ' application/x-www-form-urlencoded'],
  ['a form type with something behind it', 'application/x-www-form-urlencoded2'],
  ['a type that is neither', 'text/plain'],
])('JSON does not go out under another name: %s', async (_name, type) => {
  const api = await startApi()
  const { client } = await startRelay({ keys: { api: keyFor(api.url, { in: ['data#/client_secret'] }) } })
  const sent = client.clientSecretRequest({
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'POST',
    headers: { 'Content-Type': type },
    data: { client_secret: '&prompt=$CLIENT_SECRET&x=' },
  })
  await sent.catch((error: unknown) =>
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', path: 'headers.content-type' }),
  )
  for (const { headers, body } of api.calls) {
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect([...new URLSearchParams(body)]).toEqual([['client_secret', `&prompt=${canary}&x=`]])
  }
})

test.each([
  ...['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Original-URL', 'X-Rewrite-URL', 'X-Original-URI'],
  ...['X-Host', 'X-Original-Host', 'X-Forwarded-Host', 'X-HTTP-Host-Override', 'Proxy'],
  ...['X-Forwarded-For', 'X_Forwarded_For', 'X.Forwarded.For', 'Forwarded-For', 'X-Original-Forwarded-For'],
  ...['X-Vercel-Forwarded-For', 'Transfer_Encoding', 'Content_Length', 'x_http_method_override'],
  ...['Client-IP', 'X-Client-IP', 'True-Client-IP', 'Fastly-Client-IP', 'Fly-Client-IP', 'X-Cluster-Client-IP'],
  ...['X-Real-IP', 'X-ProxyUser-Ip', 'X-Originating-IP', 'X-Remote-IP', 'X-Remote-Addr', 'Remote-User'],
  ...['CF-Connecting-IP', 'CF-Connecting-IPv6', 'CF-IPCountry', 'CF-Ray', 'CF-Worker', 'cf-access-jwt-assertion'],
  ...['X-Envoy-Original-Path', 'X-Envoy-External-Address', 'X-Azure-ClientIP', 'X-Azure-SocketIP', 'X-Azure-FDID'],
])('%s, which some servers take for the method, the url, the host or the caller, is refused', async (name) => {
  const api = await startApi()
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  await expect(
    client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET', [name]: 'DELETE' },
    }),
  ).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  expect(api.calls).toEqual([])
})

test.each(['$httpMethod', '_method', '.method', 'X-HTTP-Method-Override', 'x_http_method', 'X-Method-Override'])(
  'the parameter %s, which some servers take for the method, is refused',
  async (name) => {
    const api = await startApi()
    const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
    const send = (url: string, params?: Record<string, string>) =>
      client.clientSecretRequest({
        clientSecretName: 'api',
        url,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        params,
      })
    const refusal = { code: 'INVALID_PARAMETER', path: `params.${name}` }
    await expect(send(`${api.url}/`, { [name]: 'DELETE' })).rejects.toMatchObject(refusal)
    await expect(send(`${api.url}/?a=1&${encodeURIComponent(name)}=DELETE`)).rejects.toMatchObject(refusal)
    expect(api.calls).toEqual([])
    // That of Flickr and Last.fm names no method of HTTP.
    await send(`${api.url}/?method=flickr.test.echo`, { method_id: 'a', _methods: 'b' })
    expect(api.calls).toHaveLength(1)
  },
)

test.each(['$httpHeaders', '$HTTPx', '_method\0a', 'a\nb'])('the parameter %j is refused', async (name) => {
  const api = await startApi()
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const send = (query: string, params?: Record<string, string>) =>
    client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/${query}`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
      params,
    })
  await expect(send('', { [name]: 'DELETE' })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  await expect(send(`?${encodeURIComponent(name)}=DELETE`)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  await expect(send('?a=1;%5Fmethod=DELETE')).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
  expect(api.calls).toEqual([])
})

describe('a field of a form that Rails and Laravel take for the method', () => {
  const form = 'application/x-www-form-urlencoded'
  const set = async () => {
    const api = await startApi()
    const { client, url } = await startRelay({ keys: { api: keyFor(api.url) } })
    const asData = (data: object | string, type: string | null = form) =>
      client.clientSecretRequest({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET', ...(type !== null && { 'content-type': type }) },
        data,
      })
    const raw = async (body: string, type?: string) => {
      const described = {
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET', ...(type !== undefined && { 'content-type': type }) },
      }
      const description = Buffer.from(JSON.stringify(described)).toString('base64')
      const headers = { 'client-session': session['client-session'], 'client-secret-request': description }
      return (await fetch(`${url}/fetch`, { method: 'POST', headers, body: Buffer.from(body) })).text()
    }
    return { api, asData, raw }
  }

  test('is refused in data', async () => {
    const { api, asData } = await set()
    const fields = [
      { _method: 'DELETE' },
      { '[_method]': 'DELETE' },
      { '': { _method: 'DELETE' } },
      { '_method\0': 'PUT' },
    ]
    for (const data of [...fields, 'a=1&_method=DELETE'])
      await expect(asData(data)).rejects.toMatchObject({ code: 'INVALID_PARAMETER' })
    expect(api.calls).toEqual([])
    await asData({ method: 'a', _methods: 'b', a: { _method: 'c' } })
    await asData({ _method: 'DELETE' }, 'application/json')
    // Without a type, an object is sent as JSON.
    await asData({ _method: 'DELETE' }, null)
    expect(api.calls).toHaveLength(3)
    expect(api.calls[2]!.headers['content-type']).toBe('application/json')
  })

  test.each([
    ...['_method=DELETE', 'a=1&%5F%6dethod=DELETE', 'a=1;_method=DELETE', 'a=1& _method=DELETE', '[_method]=DELETE'],
    ...['_method%00a=DELETE', '_method', `${'+'.repeat(120)}_method=DELETE`, '_method]=DELETE', '.Method=DELETE'],
  ])('is refused in a raw body: %s', async (body) => {
    const { api, raw } = await set()
    for (const type of [form, `${form.toUpperCase()};charset=utf-8`, `${form}, text/plain`, undefined])
      expect(await raw(body, type)).toContain('some servers take it for the method')
    expect(api.calls).toEqual([])
  })

  test('is no other field, and no JSON', async () => {
    const { api, raw } = await set()
    await raw('method=1&_methods=2&a[_method]=3&b=_method=4&c=%26_method=5', form)
    await raw('{"method":"x"}', form)
    await raw('{"_method":"DELETE"}', 'application/json')
    expect(api.calls).toHaveLength(3)
  })

  test('costs little to find in a large body', async () => {
    const { api, raw } = await set()
    const started = performance.now()
    for (const piece of ['&', '_', 'a&', `&${'['.repeat(99)}`, '&x-http-', '%5b'])
      await raw(piece.repeat(900_000 / piece.length), form)
    // Some 0.1 s; a search of each name from each of its characters would take minutes.
    expect(performance.now() - started).toBeLessThan(5_000)
    expect(api.calls.length).toBeGreaterThan(3)
  })
})

test('headers of APIs that look like those of proxies go through', () => {
  const names = [
    ...['CF-Access-Client-Id', 'CF-Access-Client-Secret', 'cf-aig-authorization', 'X-RapidAPI-Host', 'X-RapidAPI-Key'],
    ...[
      'Fastly-Key',
      'x-goog-api-key',
      'x-amz-date',
      'x-ms-version',
      'api_key',
      'X-Ship-Zip',
      'x-vercel-protection-bypass',
    ],
  ]
  const headers = Object.fromEntries(names.map((name) => [name, '$CLIENT_SECRET']))
  const request = { clientSecretName: 'api', url: 'https://api.example.com/', method: 'POST', headers }
  expect(parseRequest(request).headers).toEqual(headers)
})

test('at the limit a repeat of a request that was taken is still that request', async () => {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const { url } = await startRelay({ keys: { api: keyFor(api.url) }, limits: { unsettledPerCaller: 1 } })
  const body = JSON.stringify({
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'POST',
    headers: { authorization: '$CLIENT_SECRET' },
    poll: 1,
  })
  const post = (key: string) =>
    fetch(`${url}/requests`, { method: 'POST', headers: { ...session, 'idempotency-key': key }, body })
  expect((await post('k')).status).toBe(202)
  expect((await post('k')).status).toBe(202)
  expect((await post('l')).status).toBe(429)
  open()
})

test.each(['1e999', 'soon', ''])("an API's Retry-After of %s is no number, and breaks nothing", async (value) => {
  const api = await startApi((_call, outgoing) => json(outgoing, {}, 503, { 'retry-after': value }))
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const error = (await client
    .clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'GET',
      headers: { authorization: '$CLIENT_SECRET' },
    })
    .catch((thrown: unknown) => thrown)) as ClientSecretError
  expect(error.code).toBe('UPSTREAM_ERROR')
  expect(error.retryAfter).toBeUndefined()
})

test("an API's Retry-After may be a date", async () => {
  const api = await startApi((_call, outgoing) =>
    json(outgoing, {}, 429, { 'retry-after': new Date(Date.now() + 60_000).toUTCString() }),
  )
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const error = await client
    .clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'GET',
      headers: { authorization: '$CLIENT_SECRET' },
    })
    .catch((thrown: unknown) => thrown)
  expect((error as { retryAfter: number }).retryAfter).toBeGreaterThan(50)
  expect((error as { retryAfter: number }).retryAfter).toBeLessThanOrEqual(60)
})

test('answers that are too much for one poll come one after the other', async () => {
  const big = 'x'.repeat(3_000_000)
  const api = await startApi((_call, outgoing) => void outgoing.end(big))
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'GET' as const,
    headers: { authorization: '$CLIENT_SECRET' },
  }
  const queued = await Promise.all([1, 2, 3, 4].map((n) => client.clientSecretRequest({ ...request, queue: `q${n}` })))
  await until(() => api.calls.length === 4 && api.calls.every(({ endedAt }) => endedAt !== undefined))
  const answers = await Promise.all(queued.map(({ poll }) => poll({ interval: 100 })))
  expect(answers.map((answer) => (answer as string).length)).toEqual(Array(4).fill(big.length))
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('a second relay on the same file does not start, and the first goes on undisturbed', async () => {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, { done: true })
  })
  const options = { keys: { api: keyFor(api.url) }, database: join(await temporaryFolder(), 'relay.db') }
  const { client } = await startRelay(options)
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
    queue: 'q',
  }
  const answers = [await client.clientSecretRequest(request), await client.clientSecretRequest(request)].map(
    ({ poll }) => poll(),
  )
  await until(() => api.calls.length === 1)
  const second = createRelay(options)
  await expect(second.ready).rejects.toThrow(/relay.db" is in use by another relay. A SQLite file serves one process/)
  expect(api.calls).toHaveLength(1)
  open()
  expect(await Promise.all(answers)).toEqual([{ done: true }, { done: true }])
})

test('a key that was locked while a visitor’s request waited is not used for it', async () => {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const options = { keys: { api: keyFor(api.url) }, database: join(await temporaryFolder(), 'relay.db') }
  const before = await startRelay(options)
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'PUT' as const,
    headers: { authorization: '$CLIENT_SECRET' },
    queue: 'q',
  }
  await before.client.clientSecretRequest(request)
  await until(() => api.calls.length === 1)
  await before.relay.close()
  open()
  const after = createRelay({
    ...options,
    keys: { api: { ...keyFor(api.url), locked: true } },
    authenticate: () => null,
  })
  await after.ready
  await after.close()
  expect(api.calls).toHaveLength(1)
})

test('a connection on which nothing is asked does not keep the server from ending', async () => {
  const served = await serve({ keys: { api: keyFor('http://127.0.0.1:1') } }, { port: 0, host: '127.0.0.1' })
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const halfAHeader = connect(Number(new URL(served.url).port), '127.0.0.1')
  await new Promise((resolve) => halfAHeader.once('connect', resolve))
  halfAHeader.write('POST /requests HTTP/1.1\r\nhost: x\r\n')
  for (const each of [socket, halfAHeader]) each.on('error', () => {})
  await served.close()
})

test('a port that is taken is said in a sentence, before anything else is touched', async () => {
  const first = await serve({ keys: { api: keyFor('http://127.0.0.1:1') } }, { port: 0, host: '127.0.0.1' })
  const port = Number(new URL(first.url).port)
  await expect(serve({ keys: { api: keyFor('http://127.0.0.1:1') } }, { port, host: '127.0.0.1' })).rejects.toThrow(
    `Another program uses port ${port} of 127.0.0.1. Choose a port with --port; 0 selects a free one.`,
  )
  await first.close()
})

test.each([
  ['8.8.8.8', true, true],
  ['127.0.0.1', false, true],
  ['10.1.2.3', false, true],
  ['::1', false, true],
  ['fd12::1', false, true],
  ['100.64.0.1', false, true],
  ['169.254.169.254', false, false],
  ['fe80::1', false, false],
  ['fd00:ec2::254', false, false],
  ['fd00:ec2::23', false, false],
  ['fd20:ce::254', false, false],
  ['100.100.100.200', false, false],
  ['168.63.129.16', false, false],
  ['fd00:c1::a9fe:a9fe', false, false],
  ['fd00:C1:0:0:0:0:A9FE:A9FE', false, false],
  ['fd00:100::100:200', false, false],
  ['fd00:a9fe:a9fe::1', false, false],
  ['fd00:42::42', false, false],
  ['100.96.0.96', false, false],
  ['::ffff:100.96.0.96', false, false],
  ['100.80.80.80', false, false],
  ['192.0.0.192', false, false],
  // Link-local, which no rule opens: containers and pods get their credentials there.
  ['169.254.42.42', false, false],
  ['169.254.170.2', false, false],
  ['169.254.170.23', false, false],
  ['169.254.0.23', false, false],
  ['fe80::a9fe:a9fe', false, false],
  ['fe80::a9fe:a9fe%eth0', false, false],
  ['fec0::1', false, false],
  ['::ffff:0:a9fe:a9fe', false, false],
  // Their neighbours are ordinary private addresses.
  ['fd00:42::43', false, true],
  ['100.96.0.97', false, true],
  ['::ffff:127.0.0.1', false, true],
  ['::ffff:169.254.169.254', false, false],
  ['::7f00:1', false, false],
  ['64:ff9b::7f00:1', false, false],
  ['2002:7f00:1::', false, false],
  ['0.0.0.0', false, false],
  ['::', false, false],
  ['224.0.0.1', false, false],
  ['not an address', false, false],
])('the address %s: allowed %s, with allowPrivateNetwork %s', (address, publicly, privately) => {
  expect(isAllowedAddress(address, false)).toBe(publicly)
  expect(isAllowedAddress(address, true)).toBe(privately)
})
