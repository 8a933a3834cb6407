import { describe, expect, test } from 'vitest'
import { startApi } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'
import { createClient } from '../../src/client/create-client.ts'
import type { RelayOptions } from '../../src/relay/options.ts'

const session = { 'client-session': 'a-session-of-enough-characters' }

async function setUp(options: Partial<RelayOptions> & { rule?: Parameters<typeof keyFor>[1] } = {}) {
  const { rule, ...rest } = options
  const api = await startApi()
  const { url, relay, client, log } = await startRelay({ keys: { api: keyFor(api.url, rule) }, ...rest })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1/items`,
    method: 'POST' as const,
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  }
  const post = (body: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/requests`, {
      method: 'POST',
      headers: { ...session, 'content-type': 'application/json', ...headers },
      body,
    })
  return { api, url, relay, client, log, request, post }
}

describe('a key goes only where its rules let it', () => {
  test.each([
    ['another host', { url: 'https://evil.test/v1/items' }, 'url'],
    ['another port', { url: 'http://127.0.0.1:1/v1/items' }, 'url'],
    ['another scheme', { url: 'https://127.0.0.1/v1/items' }, 'url'],
    ['a path outside', { path: '/v2/items' }, 'url'],
    ['a step up in the path', { path: '/v1/../v2/items' }, 'url'],
    ['an encoded step up', { path: '/v1/%2e%2e/v2/items' }, 'url'],
    ['an encoded separator', { path: '/v1/..%2fv2' }, 'url'],
    ['an encoded separator, twice', { path: '/v1/..%252fv2' }, 'url'],
    ['a step up with a parameter', { path: '/v1/..;/v2' }, 'url'],
    ['an empty segment', { path: '/v1//v2' }, 'url'],
    ['another method', { method: 'DELETE' as const }, 'method'],
    ['another header', { headers: { 'x-api-key': '$CLIENT_SECRET' } }, 'headers.x-api-key'],
    ['a prompt, which the API would echo', { data: { prompt: 'say $CLIENT_SECRET' } }, 'data#/prompt'],
    ['a query', { params: { q: '$CLIENT_SECRET' } }, 'params.q'],
    ['a query in the url, encoded', { path: '/v1/items?q=%24CLIENT_SECRET' }, 'params.q'],
    ['the path', { path: '/v1/$CLIENT_SECRET' }, 'url.path'],
  ])(
    'not to %s',
    async (
      _name,
      {
        path,
        ...change
      }: {
        path?: string
        url?: string
        method?: 'DELETE'
        headers?: Record<string, string>
        params?: Record<string, string>
        data?: object
      },
      where,
    ) => {
      const api = await startApi()
      const { client } = await startRelay({
        keys: { api: keyFor(api.url, { url: `${api.url}/v1/**`, methods: ['POST'] }) },
      })
      const request = {
        clientSecretName: 'api',
        url: api.url + (path ?? '/v1/items'),
        method: 'POST' as const,
        headers: { Authorization: 'Bearer $CLIENT_SECRET' },
      }
      await expect(client.clientSecretRequest({ ...request, ...(change as object) })).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
        status: 403,
        path: where,
        message: expect.stringMatching(/^The key "api" may not be used .* keys\.api\.allow\.$/),
      })
      expect(api.calls).toEqual([])
    },
  )

  test('not to an address of this machine, by number or by name, unless the rule says so', async () => {
    const api = await startApi()
    const port = new URL(api.url).port
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
      const url = `https://${host}:${port}`
      const { client } = await startRelay({ keys: { api: keyFor(url, { allowPrivateNetwork: false }) } })
      await expect(
        client.clientSecretRequest({
          clientSecretName: 'api',
          url: `${url}/`,
          method: 'GET',
          headers: { authorization: '$CLIENT_SECRET' },
        }),
      ).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
        message: expect.stringMatching(/is an address of this machine or its network.*allowPrivateNetwork: true/),
      })
    }
    expect(api.calls).toEqual([])
  })
})

describe('who may use a key', () => {
  const authenticate = (request: Request) =>
    request.headers.get('authorization') === 'Bearer ann' ? { id: 'ann' } : null

  test('a locked key: only a signed-in user', async () => {
    const { url, client, request, api } = await setUp({ authenticate })
    const { url: lockedUrl, client: visitor } = await startRelay({
      keys: { api: { ...keyFor(api.url), locked: true } },
      authenticate,
    })
    await expect(visitor.clientSecretRequest(request)).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      status: 401,
      message: expect.stringMatching(/"api" is locked: only signed-in users/),
    })
    expect(api.calls).toEqual([])
    const ann = createClient({ relay: lockedUrl, headers: async () => ({ authorization: 'Bearer ann' }) })
    await expect(ann.clientSecretRequest(request)).resolves.toEqual({ ok: true })

    // An unlocked one: anybody, and a page's own Authorization header does not go to the API.
    await expect(client.clientSecretRequest(request)).resolves.toEqual({ ok: true })
    await expect(
      createClient({ relay: url, headers: { authorization: 'Bearer ann' } }).clientSecretRequest(request),
    ).resolves.toEqual({ ok: true })
    expect(api.calls.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill(`Bearer ${canary}`))
  })

  test('an authenticate that fails lets nobody in, and says nothing of why', async () => {
    const { client, request, api, log } = await setUp({
      authenticate: () => {
        throw new Error('the session database at db-7 is away')
      },
    })
    const error = await client.clientSecretRequest(request).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({
      code: 'INTERNAL',
      status: 500,
      message: expect.stringMatching(/Its log has the reason under [0-9a-f-]{36}/),
    })
    expect(String(error)).not.toMatch(/db-7/)
    expect(log).toMatchObject([
      {
        level: 'error',
        details: {
          requestId: (error as { requestId: string }).requestId,
          err: { message: 'the session database at db-7 is away' },
        },
      },
    ])
    expect(api.calls).toEqual([])
  })

  test('a visitor without a session is told what is missing', async () => {
    const { url, request } = await setUp()
    const response = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: 'INVALID_PARAMETER', path: 'headers.client-session' },
    })
  })

  test.each([
    ['a page of another site', { origin: 'https://evil.test' }],
    ['a page without an origin', { origin: 'null' }],
    ['a page of another site that hides it', { 'sec-fetch-site': 'cross-site' }],
    ['a page of a sister site', { 'sec-fetch-site': 'same-site', origin: 'https://other.example.com' }],
  ])('%s is refused', async (_name, headers) => {
    const { post, request, api } = await setUp()
    const response = await post(JSON.stringify(request), headers)
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({
      error: { code: 'ORIGIN_NOT_ALLOWED', message: expect.stringMatching(/add the origin to its option origins/) },
    })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(api.calls).toEqual([])
  })

  test('a page of a site that the options name is served, preflight included', async () => {
    const { url, post, request } = await setUp({ origins: ['https://app.example.com'] })
    const origin = 'https://app.example.com'
    const preflight = await fetch(`${url}/requests`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,client-session,idempotency-key',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type,client-session,idempotency-key')
    const response = await post(JSON.stringify(request), { origin, 'sec-fetch-site': 'cross-site' })
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)

    const evil = await fetch(`${url}/requests`, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.test', 'access-control-request-method': 'POST' },
    })
    expect(evil.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('a page of our own site is served, also behind a proxy that ends TLS', async () => {
    const { url, post, request } = await setUp()
    const { host } = new URL(url)
    expect((await post(JSON.stringify(request), { origin: `https://${host}` })).status).toBe(200)
    expect(
      (await post(JSON.stringify(request), { origin: 'https://public.example.com', 'sec-fetch-site': 'same-origin' }))
        .status,
    ).toBe(200)
  })
})

describe('what is no request', () => {
  test.each([
    ['malformed JSON', '{"clientSecretName": ', 'application/json', 400, /The request is not JSON/],
    ['a list', '[]', 'application/json', 400, /The request must be an object of parameters; it is a list/],
    ['a callback', '{"onResponse": 1}', 'application/json', 400, /clientSecretName must be/],
    [
      'another content type, which needs no preflight',
      '{}',
      'text/plain',
      400,
      /content type application\/json; this one has text\/plain/,
    ],
  ])('%s', async (_name, body, type, status, message) => {
    const { post } = await setUp()
    const response = await post(body, { 'content-type': type })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({
      error: { code: 'INVALID_PARAMETER', message: expect.stringMatching(message) },
    })
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('cache-control')).toBe('no-store')
  })

  test.each([
    ['no such key', 'none', 'KEY_NOT_FOUND'],
    ['a key that is locked', 'locked', 'SIGN_IN_REQUIRED'],
  ])('whatever else is wrong with it: %s', async (_name, clientSecretName, code) => {
    const { post, api } = await setUp({
      keys: { locked: { ...keyFor('https://api.example.com'), locked: true } },
      authenticate: () => null,
    })
    const response = await post(JSON.stringify({ clientSecretName, url: 7, data: { a: '$CLIENT_SECRET'.repeat(30) } }))
    expect(await response.json()).toMatchObject({ error: { code } })
    expect(api.calls).toEqual([])
  })

  test.each([
    ['a url', 'REQUEST_TOO_LARGE', '/queues/', 16_384, {}],
    ['an id of a poll', 'INVALID_PARAMETER', '/requests?ids=', 101, {}],
    ['the ids of a poll', 'INVALID_PARAMETER', `/requests?ids=${'a,'.repeat(200)}`, 1, {}],
    ['an idempotency key', 'INVALID_PARAMETER', '/requests', 0, { 'idempotency-key': 'k'.repeat(8_193) }],
    ['a session', 'INVALID_PARAMETER', '/requests', 0, { 'client-session': 's'.repeat(256) }],
  ])('too long: %s', async (_name, code, path, length, headers) => {
    const { relay, request } = await setUp()
    // Node refuses some of it before we see it; other servers may not.
    const isPost = 'idempotency-key' in headers
    const call = new Request(`http://relay.test${path}${'x'.repeat(length)}`, {
      headers: { ...session, 'content-type': 'application/json', ...headers } as Record<string, string>,
      ...(isPost && { method: 'POST', body: JSON.stringify(request) }),
    })
    expect(await (await relay.fetch(call)).json()).toMatchObject({ error: { code } })
  })

  test.each([
    ['with a length', (body: string): BodyInit => body],
    ['in chunks without one', (body: string): BodyInit => new Blob([body]).stream()],
  ])('a body over the limit, sent %s', async (_name, asBody) => {
    const { url, request, api } = await setUp({ limits: { requestBytes: 2_000 } })
    const body = JSON.stringify({ ...request, data: { text: 'x'.repeat(2_000) } })
    const response = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: { ...session, 'content-type': 'application/json' },
      body: asBody(body),
      duplex: 'half',
    } as RequestInit)
    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({
      error: {
        code: 'REQUEST_TOO_LARGE',
        message: expect.stringMatching(/larger than 2000 bytes, the relay's limit \(limits\.requestBytes\)/),
      },
    })
    expect(api.calls).toEqual([])
  })

  test('another path, or another verb', async () => {
    const { url } = await setUp()
    for (const [method, path] of [
      ['GET', '/nothing'],
      ['PATCH', '/requests'],
      ['GET', '/requests/a/b'],
    ] as const) {
      const response = await fetch(url + path, { method, headers: session })
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({
        error: {
          message: expect.stringMatching(
            /It answers POST and GET \/requests, POST \/fetch, DELETE \/requests\/:id, GET \/requests\/:id\/stream, GET \/queues\/:name, GET \/health/,
          ),
        },
      })
    }
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: 'ok' })
  })

  test('a queue or a record with the name "stream" is refused with a status, as every other', async () => {
    const { url } = await setUp()
    for (const [method, path] of [
      ['GET', '/queues/stream'],
      ['DELETE', '/requests/stream'],
    ] as const) {
      const response = await fetch(url + path, { method, headers: { 'client-session': 'x'.repeat(5_000) } })
      expect([response.status, await response.json()]).toEqual([
        400,
        { error: expect.objectContaining({ code: 'INVALID_PARAMETER' }) },
      ])
    }
  })

  test('too many unsettled requests of one caller', async () => {
    const api = await startApi(() => {})
    const { client } = await startRelay({ keys: { api: keyFor(api.url) }, limits: { unsettledPerCaller: 2 } })
    const request = {
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'GET' as const,
      headers: { authorization: '$CLIENT_SECRET' },
      queue: 'q',
    }
    await client.clientSecretRequest(request)
    await client.clientSecretRequest(request)
    await expect(client.clientSecretRequest(request)).rejects.toMatchObject({
      code: 'QUEUE_FULL',
      status: 429,
      retryAfter: 1,
    })
  })
})
