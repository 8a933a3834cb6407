import { readdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createRelayOn } from '../../src/relay/create-relay.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import type { Network } from '../../src/relay/upstream/http-client.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { canary, keyFor, postTo, startRelay, strangerOf } from '../helpers/relay.ts'

// One describe for each row of the table in stories/docs/security-model.mdx, under its number.
// `client-secret-relay attack` tries the same with hundreds of spellings; these say what each row means.

const bearer = { Authorization: 'Bearer $CLIENT_SECRET' }
const session = (name: string) => ({ 'client-session': name.repeat(30) })

/** A relay with one key for one part of one API, asked as a page asks it. */
async function world(
  answer?: ApiAnswer,
  rule: Partial<KeyOptions['allow'][number]> = {},
  options: Partial<RelayOptions> = {},
) {
  const api = await startApi(answer)
  const elsewhere = await startApi()
  const started = await startRelay({
    keys: { api: keyFor(api.url, { url: `${api.url}/v1/**`, methods: ['GET', 'POST'], ...rule }) },
    ...options,
  })
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${started.url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...session('a'), ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const request = { clientSecretName: 'api', url: `${api.url}/v1/items`, method: 'POST', headers: bearer }
  /** Sends a request that must be refused, and gives the code. */
  const refused = async (change: object, headers?: Record<string, string>) => {
    const answered = await post({ ...request, ...change }, headers)
    expect(answered.status).toBeGreaterThanOrEqual(400)
    expect([...api.calls, ...elsewhere.calls]).toEqual([])
    return ((await answered.json()) as { error: { code: string } }).error.code
  }
  return { ...started, api, elsewhere, post, request, refused }
}

/** A relay on a network where every name has the addresses given, one list a lookup, and every socket is noted and refused. */
function onNetwork(addresses: string[][]) {
  const dialled: string[] = []
  const network: Network = {
    resolve: (_host, _options, callback) => {
      const list = addresses.length > 1 ? addresses.shift()! : addresses[0]!
      callback(
        null,
        list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    },
    connector: (lookup) => (options, callback) => {
      lookup(options.hostname, { all: true }, (error, found) => {
        if (!error) dialled.push(...[found].flat().map((one) => (typeof one === 'string' ? one : one.address)))
        callback(error ?? new Error('the line is dead'), null)
      })
    },
  }
  const relay = createRelayOn(network, {
    keys: {
      api: {
        secret: canary,
        locked: false,
        allow: [{ url: 'https://api.example.com/v1/**', methods: ['GET', 'POST'] }],
      },
    },
  })
  onTestFinished(() => relay.close())
  const ask = async (change: object) => {
    const answered = await postTo(relay, {
      clientSecretName: 'api',
      url: 'https://api.example.com/v1/items',
      method: 'GET',
      headers: bearer,
      ...change,
    })
    const { error } = (await answered.json()) as { error: { code: string } }
    return error.code
  }
  return { ask, dialled }
}

describe('threat 1: a url of the attacker’s', () => {
  test('no rule, no call', async () => {
    const { refused, elsewhere } = await world()
    expect(await refused({ url: `${elsewhere.url}/v1/items` })).toBe('NOT_ALLOWED')
  })

  test('a rule for every host is no rule: the relay does not start', async () => {
    for (const url of ['https://*/**', 'https://*.com/**', 'https://*.*.com/**'])
      await expect(startRelay({ keys: { api: keyFor('https://x', { url }) } })).rejects.toThrow(/does not start/)
    await expect(startRelay({ keys: { api: { secret: canary, allow: [] } } })).rejects.toThrow(/has no rules/)
  })
})

test.each<[string, object]>([
  ['a prompt', { data: { prompt: 'say $CLIENT_SECRET' } }],
  ['metadata, deep', { data: { a: [{ metadata: { note: '$CLIENT_SECRET' } }] } }],
  ['a search term', { params: { q: '$CLIENT_SECRET' } }],
  ['another header', { headers: { ...bearer, 'user-agent': '$CLIENT_SECRET' } }],
])('threat 2: the placeholder in %s, which the API would show', async (_name, change) => {
  expect(await (await world()).refused(change)).toBe('NOT_ALLOWED')
})

test.each([
  'https://api.example.com@evil.test/v1/items',
  'https://evil.test\\@api.example.com/v1/items',
  'https://api.example.com%2eevil.test/v1/items',
  'https://api.example.com./v1/items',
  'https://api.example.com:444/v1/items',
  'https://api.example.com.evil.test/v1/items',
  'https://api-example.com/v1/items',
  'https://evil.test#@api.example.com/v1/items',
  'https://evil.test/https://api.example.com/v1/items',
  'https:api.example.com@evil.test/v1/items',
  'https://[::ffff:7f00:1]/v1/items',
  'https://0x7f.1/v1/items',
  'https://2130706433/v1/items',
])('threat 3: %j does not pass for https://api.example.com', async (url) => {
  const { ask, dialled } = onNetwork([['93.184.215.14']])
  expect(['NOT_ALLOWED', 'INVALID_PARAMETER']).toContain(await ask({ url }))
  expect(dialled).toEqual([])
})

test.each([
  'https://ａｐｉ.example.com/v1/items',
  'https://ⓐpi.example.com/v1/items',
  'https://api.exa\tmple.com/v1/\nitems',
])('threat 3: %j is the same host after the parser, and it is the parsed one that is called', async (url) => {
  const { ask, dialled } = onNetwork([['93.184.215.14']])
  expect(await ask({ url })).toBe('UPSTREAM_UNREACHABLE')
  expect(dialled).toEqual(['93.184.215.14'])
})

test.each([
  'https://$CLIENT_SECRET.evil.test/',
  'https://$CLIENT_SECRET@api.example.com/v1/items',
  'https://user:$CLIENT_SECRET@api.example.com/v1/items',
  'https://api.example.com:$CLIENT_SECRET/v1/items',
  '$CLIENT_SECRET://api.example.com/v1/items',
  'https://%24CLIENT_SECRET.evil.test/',
])('threat 4: the placeholder is never replaced in %j', async (url) => {
  const { ask, dialled } = onNetwork([['93.184.215.14']])
  expect(['NOT_ALLOWED', 'INVALID_PARAMETER']).toContain(await ask({ url }))
  expect(dialled).toEqual([])
})

test.each([
  '127.0.0.1',
  '127.8.8.8',
  '10.1.2.3',
  '172.16.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '192.0.0.192',
  '168.63.129.16',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '::7f00:1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001:0:7f00:1::',
  'fc00::1',
  'fe80::1',
  'fd00:ec2::254',
])('threat 5: a name that points to %s is not called', async (address) => {
  const { ask, dialled } = onNetwork([[address]])
  expect(await ask({})).toBe('NOT_ALLOWED')
  // Also when a good address stands beside it.
  const beside = onNetwork([['93.184.215.14', address]])
  expect(await beside.ask({})).toBe('NOT_ALLOWED')
  expect([...dialled, ...beside.dialled]).toEqual([])
})

test('threat 6: a name is looked up once, and the address that was checked is the one that is called', async () => {
  const { ask, dialled } = onNetwork([['93.184.215.14'], ['127.0.0.1']])
  expect(await ask({})).toBe('UPSTREAM_UNREACHABLE')
  expect(dialled).toEqual(['93.184.215.14'])
  // The next request looks again, and is checked again.
  expect(await ask({})).toBe('NOT_ALLOWED')
  expect(dialled).toEqual(['93.184.215.14'])
})

test.each([301, 302, 303, 307, 308])(
  'threat 7: a redirect (%i) to another origin is not followed, and tells no secret',
  async (status) => {
    const { post, request, elsewhere, api } = await world(
      (_call, outgoing) =>
        void outgoing.writeHead(status, { location: `${elsewhere.url}/?k=${encodeURIComponent(canary)}` }).end(),
    )
    const { response } = (await (await post(request)).json()) as {
      response: { status: number; headers: { location: string } }
    }
    expect(response).toMatchObject({ status, headers: { location: expect.stringMatching(/\$CLIENT_SECRET$/) } })
    expect(response.headers.location).not.toContain('canary')
    expect(api.calls).toHaveLength(1)
    expect(elsewhere.calls).toEqual([])
  },
)

describe('threat 8: headers', () => {
  test.each<[string, Record<string, string>]>([
    ['a line break in a value', { ...bearer, 'x-a': 'b\r\nx-evil: 1' }],
    ['a lone line feed', { ...bearer, 'x-a': 'b\nx-evil: 1' }],
    ['NUL', { ...bearer, 'x-a': 'b\0' }],
    ['a line break in a name', { ...bearer, 'x-a\r\nx-evil': '1' }],
    ['a space in a name', { ...bearer, 'x a': '1' }],
    ...[
      'host',
      'content-length',
      'transfer-encoding',
      'connection',
      'cookie',
      'forwarded',
      'x-forwarded-for',
      'proxy-authorization',
      'X-HTTP-Method-Override',
    ].map((name): [string, Record<string, string>] => [`the name ${name}`, { ...bearer, [name]: '1' }]),
  ])('%s is refused', async (_name, headers) => {
    expect(await (await world()).refused({ headers })).toBe('INVALID_PARAMETER')
  })

  test('what the page’s own connection carries is not passed on', async () => {
    const { post, request, api } = await world()
    await post(request, { cookie: 'session=1', 'x-forwarded-for': '8.8.8.8', 'accept-language': 'tlh' })
    expect(Object.keys(api.calls[0]!.headers).sort()).toEqual([
      'accept-encoding',
      'authorization',
      'connection',
      'content-length',
      'host',
      // The relay's own.
      'user-agent',
    ])
  })
})

test('threat 9: a secret with $&, quotes, & and = arrives as it is, and only where the whole token stands', async () => {
  const { post, request, api } = await world(undefined, { in: ['headers.authorization', 'params.key', 'data#/key'] })
  const answered = await post({
    ...request,
    headers: { authorization: '$CLIENT_SECRET_2 $CLIENT_SECRET$CLIENT_SECRET $CLIENT_SECRETS %24CLIENT_SECRET' },
    params: { key: '$CLIENT_SECRET', other: '$CLIENT_SECRE' },
    data: { key: '$CLIENT_SECRET', split: ['$CLIENT', '_SECRET'] },
  })
  expect(answered.status).toBe(200)
  const [{ headers, path, body }] = api.calls as [(typeof api.calls)[0]]
  expect(headers.authorization).toBe(`$CLIENT_SECRET_2 ${canary}${canary} $CLIENT_SECRETS %24CLIENT_SECRET`)
  expect(Object.fromEntries(new URLSearchParams(path.split('?')[1]))).toEqual({ key: canary, other: '$CLIENT_SECRE' })
  expect(JSON.parse(body)).toEqual({ key: canary, split: ['$CLIENT', '_SECRET'] })
})

test('threat 10: direct, polled and queued requests take one way, and are refused alike', async () => {
  const { refused, elsewhere } = await world()
  const url = `${elsewhere.url}/v1/items`
  for (const change of [{}, { poll: 50 }, { queue: 'q' }, { queue: 'q', poll: 50 }])
    expect(await refused({ url, ...change })).toBe('NOT_ALLOWED')
  // That one file calls out is held by test/house.test.ts.
})

test('threat 11: what waits is checked again before it runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const api = await startApi(() => {})
  const options = { database: join(folder, 'relay.db'), shutdownTimeout: 1 }
  const before = await startRelay({ ...options, keys: { api: keyFor(api.url) }, authenticate: () => 'ada' })
  const request = { clientSecretName: 'api', url: `${api.url}/`, method: 'PUT' as const, headers: bearer, queue: 'q' }
  await before.client.clientSecretRequest(request)
  const { id } = await before.client.clientSecretRequest(request)
  await eventually(() => expect(api.calls).toHaveLength(1))
  await before.relay.close()
  const after = await startRelay({
    ...options,
    keys: { api: keyFor(api.url, { url: `${api.url}/other` }) },
    authenticate: () => 'ada',
  })
  await eventually(async () => {
    const { records } = await after.client.history({})
    expect(records.map((record) => [record.status, record.error?.code])).toEqual([
      ['failed', 'NOT_ALLOWED'],
      ['failed', 'NOT_ALLOWED'],
    ])
    expect(records.map((record) => record.id)).toContain(id)
  })
  expect(api.calls).toHaveLength(1)
})

describe('threat 12: a call from another site', () => {
  test.each([
    [{ origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }, 'ORIGIN_NOT_ALLOWED'],
    [{ origin: 'https://evil.test' }, 'ORIGIN_NOT_ALLOWED'],
    [{ origin: 'null' }, 'ORIGIN_NOT_ALLOWED'],
    [{ 'sec-fetch-site': 'same-site' }, 'ORIGIN_NOT_ALLOWED'],
    [{ 'content-type': 'text/plain' }, 'INVALID_PARAMETER'],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'INVALID_PARAMETER'],
    [{ 'client-session': 'short' }, 'INVALID_PARAMETER'],
  ])('with %o', async (headers, code) => {
    expect(await (await world()).refused({}, headers)).toBe(code)
  })

  test('a key is locked unless it says otherwise', async () => {
    const api = await startApi()
    const { url } = await startRelay({
      keys: { api: { ...keyFor(api.url), locked: undefined } },
      authenticate: () => null,
    })
    const answered = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...session('a') },
      body: JSON.stringify({ clientSecretName: 'api', url: `${api.url}/`, method: 'GET', headers: bearer }),
    })
    expect(answered.status).toBe(401)
    expect(api.calls).toEqual([])
  })
})

describe('threat 13: records of another caller', () => {
  async function twoUsers() {
    const api = await startApi(() => {})
    const { url } = await startRelay({
      keys: { api: keyFor(api.url) },
      authenticate: (request) => request.headers.get('x-user'),
    })
    const as =
      (user: string) =>
      (path: string, method = 'GET', body?: object) =>
        fetch(url + path, {
          method,
          headers: { 'x-user': user, 'content-type': 'application/json' },
          body: body ? JSON.stringify(body) : null,
        })
    const request = { clientSecretName: 'api', url: `${api.url}/`, method: 'POST', headers: bearer, queue: 'u1' }
    const sent = await as('ada')('/requests', 'POST', request)
    const { id } = (await sent.json()) as { id: string }
    return { as, id, request }
  }

  test('poll, cancel, history and count know nothing of them; theirs and none are answered with one status and one body', async () => {
    const { as, id } = await twoUsers()
    const bob = as('bob')
    const none = strangerOf(id)
    for (const [path, method] of [
      ['/requests/', 'DELETE'],
      ['/requests?ids=', 'GET'],
      ['/requests?wait=0&ids=', 'GET'],
    ] as const) {
      const answers = await Promise.all([bob(path + id, method), bob(path + none, method)])
      const bodies = await Promise.all(answers.map((answer) => answer.text()))
      expect(answers[0].status).toBe(answers[1].status)
      expect(bodies[0]!.replaceAll(id, 'ID')).toBe(bodies[1]!.replaceAll(none, 'ID'))
      expect(bodies[0]).toContain('REQUEST_NOT_FOUND')
    }
    expect((await bob(`/requests/${id}`, 'DELETE')).status).toBe(404)
    expect(await (await bob('/requests')).json()).toEqual({ records: [], cursor: null })
    expect(await (await bob('/queues/u1')).json()).toEqual({ queueName: 'u1', inQueue: 0 })
    // And the owner sees it, untouched.
    expect(await (await as('ada')('/queues/u1')).json()).toEqual({ queueName: 'u1', inQueue: 1 })
  })

  test('an idempotency key of theirs is another one', async () => {
    const { as, request } = await twoUsers()
    const send = (user: string) =>
      as(user)('/requests', 'POST', request).then(async (answer) => ((await answer.json()) as { id: string }).id)
    expect(new Set(await Promise.all([send('ada'), send('bob')])).size).toBe(2)
  })

  test('names of queues match exactly, and what is written like SQL is text', async () => {
    const { as } = await twoUsers()
    for (const name of ['u', 'u1-bg', 'U1', 'u%', 'u1%27 OR 1=1 --', 'u_'])
      expect(await (await as('ada')(`/queues/${name}`)).json()).toMatchObject({ inQueue: 0 })
    expect(await (await as("ada' OR '1'='1")('/requests')).json()).toEqual({ records: [], cursor: null })
  })

  test('ids hold 128 random bits', async () => {
    const { id } = await twoUsers()
    expect(id).toMatch(/^[0-9a-z]+-[0-9a-f]{32}$/)
  })
})

test.each<[string, ApiAnswer]>([
  ['the body', ({ headers }, outgoing) => json(outgoing, { said: headers.authorization })],
  [
    'the body of an error',
    ({ headers }, outgoing) => json(outgoing, { error: { message: headers.authorization } }, 401),
  ],
  ['a header', ({ headers }, outgoing) => json(outgoing, {}, 200, { 'x-echo': headers.authorization! })],
  [
    'Location',
    ({ headers }, outgoing) =>
      void outgoing.writeHead(302, { location: `https://x.test/${encodeURIComponent(headers.authorization!)}` }).end(),
  ],
  ['base64', ({ headers }, outgoing) => json(outgoing, btoa(`a:${headers.authorization}`))],
  ['hex', ({ headers }, outgoing) => json(outgoing, Buffer.from(headers.authorization!).toString('hex'))],
  ['capitals', ({ headers }, outgoing) => json(outgoing, headers.authorization!.toUpperCase())],
  [
    'gzip',
    ({ headers }, outgoing) =>
      void outgoing.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(headers.authorization!)),
  ],
  [
    'pieces',
    ({ headers }, outgoing) => {
      for (const character of headers.authorization!) outgoing.write(character)
      outgoing.end()
    },
  ],
])('threat 14: the API echoes the secret in %s', async (_name, answer) => {
  const { post, request, api } = await world(answer)
  const text = await (await post(request)).text()
  expect(api.calls).toHaveLength(1)
  expect(text).toContain('$CLIENT_SECRET')
  for (const form of [
    canary,
    JSON.stringify(canary).slice(1, -1),
    canary.toUpperCase(),
    Buffer.from(canary).toString('hex'),
    encodeURIComponent(canary),
    'sk-canary',
  ])
    expect(text).not.toContain(form)
  expect(Buffer.from(/"body":"\\?"?([\w+/=]+)/.exec(text)?.[1] ?? '', 'base64').toString()).not.toContain('canary')
  // The forms of test/relay/redaction.test.ts are one by one there.
})

test('threat 14: an API that cuts what it shows does not give the secret away, wherever the caller lets it cut', async () => {
  const api = await startApi(({ headers }, outgoing) =>
    json(outgoing, { error: `Invalid header: ${headers.authorization!.slice(0, 48)}…` }, 400),
  )
  const secret = 'acme_live_9fQ2xT7bLm4ZkW8sVc3RnY6h'
  const { client } = await startRelay({ keys: { api: { ...keyFor(api.url), secret, publicPrefix: 'acme_live_' } } })
  for (let padding = 0; padding < 48; padding++) {
    const headers = { authorization: `${'x'.repeat(padding)}$CLIENT_SECRET` }
    const sent = client.send({ clientSecretName: 'api', url: `${api.url}/`, method: 'GET', headers })
    const shown = await sent.then(
      () => '',
      (error: unknown) => JSON.stringify((error as { data: unknown }).data),
    )
    expect(api.calls.at(-1)?.headers.authorization).toContain(secret)
    expect(shown).toContain('Invalid header')
    // No more than everybody knows of such a secret anyway.
    expect(shown).not.toContain(secret.slice(0, 11))
  }
})

test('threat 14: the secret of another key of the same API comes back to nobody either', async () => {
  const other = 'sk-of-another-key-0123456789'
  const api = await startApi((_call, outgoing) => json(outgoing, { lastCaller: `Bearer ${other}` }))
  const { client } = await startRelay({
    keys: { api: keyFor(api.url), other: { ...keyFor(api.url), secret: other, locked: true } },
    authenticate: () => null,
  })
  const url = `${api.url}/v1/items`
  expect(await client.send({ clientSecretName: 'api', url, method: 'GET', headers: bearer })).toMatchObject({
    data: { lastCaller: expect.stringMatching(/^(Bearer )?\$CLIENT_SECRET$/) },
  })
})

test('threat 14: what cannot be looked through is not passed on', async () => {
  const { post, request } = await world(
    (_call, outgoing) => void outgoing.writeHead(200, { 'content-encoding': 'compress' }).end('x'),
  )
  expect(await (await post(request)).text()).toMatch(/encoded as compress/)
})

test('threat 15: database, log, metrics and errors hold the placeholder, and the secret nowhere', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'relay-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const { client, relay, api, log, url, post } = await world(
    ({ path, headers }, outgoing) => json(outgoing, { said: headers.authorization }, path.endsWith('fail') ? 500 : 200),
    {},
    { database: join(folder, 'relay.db'), administrator: () => true },
  )
  const request = { clientSecretName: 'api', method: 'POST' as const, headers: bearer, url: `${api.url}/v1/items` }
  await client.send({ ...request, data: { note: 'kept' } })
  await post(request)
  await client.send({ ...request, url: `${api.url}/v1/fail`, queue: 'q', poll: 20 }).catch(() => {})
  await client.send({ ...request, url: 'http://127.0.0.1:1/v1/' }).catch(() => {})
  const metrics = await (await fetch(`${url}/metrics`)).text()
  await relay.close()
  const files = await Promise.all((await readdir(folder)).map((file) => readFile(join(folder, file), 'latin1')))
  expect(files.join('')).toContain('$CLIENT_SECRET')
  expect(files.join('')).toContain('kept')
  for (const text of [...files, JSON.stringify(log), metrics])
    expect(text).not.toMatch(/sk-canary|c2stY2FuYXJ5|736b2d63/i)
  // Nor what a visitor is known by: whoever reads the database cannot act as one.
  expect(files.join('')).not.toContain(session('a')['client-session'])
})

test('threat 16: an answer is JSON for our client; nothing that an API sends runs on our origin', async () => {
  const { post, request } = await world((_call, outgoing) => {
    outgoing.writeHead(200, {
      'content-type': 'text/html',
      'set-cookie': 'a=b',
      'access-control-allow-origin': '*',
      'content-security-policy': "default-src 'unsafe-inline'",
      refresh: '0; url=https://evil.test',
      'strict-transport-security': 'max-age=0',
      'clear-site-data': '"*"',
    })
    outgoing.end('<script>alert(1)</script>')
  })
  const answered = await post(request)
  expect(answered.headers.get('content-type')).toBe('application/json')
  expect(answered.headers.get('x-content-type-options')).toBe('nosniff')
  for (const name of [
    'set-cookie',
    'access-control-allow-origin',
    'content-security-policy',
    'refresh',
    'strict-transport-security',
    'clear-site-data',
  ])
    expect(answered.headers.get(name)).toBeNull()
  const { response } = (await answered.json()) as { response: { headers: object } }
  expect(Object.keys(response.headers).sort()).toEqual(['content-type', 'date'])
})

test.each([
  '/v1/../admin',
  '/v1/%2e%2e/admin',
  '/v1/.%2E/admin',
  '/v1/..%2fadmin',
  '/v1/..%5cadmin',
  '/v1/..\\admin',
  '/v1/..;/admin',
  '/v1/..;a=b/admin',
  '/v1/x//y',
  '/v1/%252e%252e/admin',
  '/v1/a%00b',
  '/V1/items',
  '/v1',
])('threat 17: %j does not climb out of /v1/', async (path) => {
  const { refused, api } = await world()
  expect(await refused({ url: api.url + path })).toBe('NOT_ALLOWED')
})

describe('threat 18: plain http, and a certificate of somebody else', () => {
  test('http is refused by a rule for https, and a rule for http wants to be told so', async () => {
    const { ask, dialled } = onNetwork([['93.184.215.14']])
    expect(await ask({ url: 'http://api.example.com/v1/items' })).toBe('NOT_ALLOWED')
    expect(dialled).toEqual([])
    await expect(
      startRelay({
        keys: { api: { secret: canary, locked: false, allow: [{ url: 'http://x.test/**', methods: ['GET'] }] } },
      }),
    ).rejects.toThrow(/would send the secret unencrypted/)
  })

  test('a server without a certificate that can be trusted gets nothing', async () => {
    const bytes: Buffer[] = []
    const { createServer } = await import('node:net')
    const server = createServer(
      (socket) =>
        void socket
          .on('data', (chunk) => bytes.push(chunk))
          .on('error', () => {})
          .end('HTTP/1.1 200 OK\r\n\r\n'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as { port: number }
    const url = `https://127.0.0.1:${port}`
    const { client } = await startRelay({ keys: { api: keyFor(url) } })
    await expect(
      client.send({ clientSecretName: 'api', url: `${url}/`, method: 'GET', headers: bearer }),
    ).rejects.toMatchObject({ code: 'UPSTREAM_UNREACHABLE' })
    // A handshake, and nothing of the request.
    expect(Buffer.concat(bytes).toString('latin1')).not.toMatch(/GET|Bearer|canary/)
  })
})

describe('threat 19: too much, too slow, too deep', () => {
  test.each<[string, ApiAnswer, Partial<RelayOptions>, string]>([
    [
      'an answer without end',
      (_call, outgoing) => pour(outgoing),
      { limits: { responseBytes: 100_000 } },
      'RESPONSE_TOO_LARGE',
    ],
    [
      'a bomb',
      (_call, outgoing) =>
        void outgoing.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(5_000_000))),
      { limits: { responseBytes: 100_000 } },
      'RESPONSE_TOO_LARGE',
    ],
    ['silence', () => {}, { limits: { upstreamTimeout: 100 } }, 'UPSTREAM_TIMEOUT'],
    [
      'a drop now and then',
      (_call, outgoing) => {
        const timer = setInterval(() => outgoing.write('.'), 20)
        outgoing.once('close', () => clearInterval(timer))
      },
      { limits: { upstreamTimeout: 100 } },
      'UPSTREAM_TIMEOUT',
    ],
  ])('%s of an API is cut off, and the call is ended', async (_name, answer, options, code) => {
    const { opened: ended, open: end } = door()
    const { post, request } = await world(
      (call, outgoing, incoming) => {
        outgoing.once('close', end)
        return answer(call, outgoing, incoming)
      },
      {},
      options,
    )
    expect(await (await post(request)).json()).toMatchObject({ status: 'failed', error: { code } })
    await ended
  })

  test('a request without end, and one that is nested without end', async () => {
    const { post, refused } = await world()
    expect((await post(`{"data":"${'x'.repeat(2_000_000)}"}`)).status).toBe(413)
    const deep = JSON.parse(`${'{"a":'.repeat(1_000)}1${'}'.repeat(1_000)}`) as object
    expect(await refused({ data: deep })).toBe('INVALID_PARAMETER')
  })
})

describe('threat 20: a full queue, a job that never ends, thousands of polls', () => {
  test('what one caller has waiting is bounded', async () => {
    const { post, request } = await world(() => {}, {}, { limits: { unsettledPerCaller: 2 } })
    const statuses = []
    for (let n = 0; n < 3; n++) statuses.push((await post({ ...request, queue: 'q' })).status)
    expect(statuses).toEqual([202, 202, 429])
    expect((await post({ ...request, queue: 'q' }, session('b'))).status).toBe(202)
  })

  test('a run has a longest time, and the queue goes on', async () => {
    const { client, request } = await world(
      ({ body }, outgoing) => (body.includes('1') ? undefined : json(outgoing, 'done')),
      {},
      { limits: { upstreamTimeout: 100 } },
    )
    const ask = (n: number) =>
      client.clientSecretRequest({ ...request, method: 'POST', data: { n }, queue: 'q', poll: 20 })
    const [first, second] = await Promise.allSettled([ask(1), ask(2)])
    expect(first).toMatchObject({ reason: { code: 'UPSTREAM_TIMEOUT' } })
    expect(second).toMatchObject({ value: 'done' })
  })
  // Polls that are held, and requests a minute: test/relay/limits.test.ts.
})

describe.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('threat 21: %s', (name) => {
  test('is no key', async () => {
    expect(await (await world()).refused({ clientSecretName: name })).toBe('KEY_NOT_FOUND')
  })

  test('is a member of a body like any other, and a place like any other', async () => {
    const { post, request, api } = await world(undefined, { in: ['headers.authorization', `data#/${name}`] })
    const body = (value: string) => `{"${name}":${JSON.stringify(value)},"a":{"${name}":{"polluted":1}}}`
    const text = JSON.stringify(request).replace(/\}$/, () => `,"data":${body('$CLIENT_SECRET')}}`)
    expect((await post(text)).status).toBe(200)
    expect(api.calls[0]!.body).toBe(body(canary))
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('as a parameter or a header is sent or refused, and never lost', async () => {
    const { post, request, api } = await world()
    const text = JSON.stringify(request).replace(/\}$/, () => `,"params":{"${name}":"1"}}`)
    const { status } = await post(text)
    if (name === '__proto__') expect([status, api.calls]).toEqual([400, []])
    else expect(api.calls[0]!.path).toBe(`/v1/items?${name}=1`)
  })
})

test('threat 22: an address that the caller writes changes nothing', async () => {
  const { post, request } = await world(undefined, {}, { limits: { requestsPerMinute: 1 } })
  expect(
    (await post(request, { 'x-forwarded-for': '8.8.8.8', 'x-real-ip': '8.8.8.8', forwarded: 'for=8.8.8.8' })).status,
  ).toBe(200)
  expect(
    (await post(request, { 'x-forwarded-for': '9.9.9.9', 'x-real-ip': '9.9.9.9', forwarded: 'for=9.9.9.9' })).status,
  ).toBe(429)
})

describe('threat 23: one send, two calls', () => {
  test('the same Idempotency-Key at the same time, again and again, is one call', async () => {
    const { post, request, api } = await world()
    const send = () =>
      post(request, { 'idempotency-key': 'one' }).then((answer) => answer.json() as Promise<{ id: string }>)
    const answers = [...(await Promise.all(Array.from({ length: 20 }, send))), await send()]
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
    expect(api.calls).toHaveLength(1)
  })
  // A crash between the call and its record: test/relay/restart.test.ts.
})

test('threat 25: what is redacted tells nothing about the next character of a secret', async () => {
  const prefix = 'sk-ant-api03-'
  const unknown = 'Zx7Qm2LkP9wVt4RbNc8YsHd3FgJ6TeAu1Xy5'
  const api = await startApi(({ body }, outgoing) => json(outgoing, body))
  const { client } = await startRelay({ keys: { api: { ...keyFor(api.url), secret: prefix + unknown } } })
  const ask = async (guess: string) => {
    const request = { clientSecretName: 'api', url: `${api.url}/v1/items`, method: 'POST' as const, headers: bearer }
    const sent = await client.send({ ...request, data: { note: `is it ${guess}?` } })
    return JSON.stringify('data' in sent && sent.data).replaceAll(guess, '<guess>')
  }
  for (const known of [0, 4, 12]) {
    const guesses = [...'ZxyQ9-_'].map((next) => prefix + unknown.slice(0, known) + next)
    expect(new Set(await Promise.all([...guesses, prefix + unknown.slice(0, known + 1)].map(ask))).size).toBe(1)
  }
  // More spellings of a guess, and other places in which an API shows it: test/relay/hostile-answers.test.ts.
})

test('threat 26: a request that is made to be expensive is refused for what it is', async () => {
  const { refused, url } = await world()
  const many = { ['~'.repeat(10_000)]: '$CLIENT_SECRET '.repeat(10_000) }
  expect(await refused({ data: many })).toBe('INVALID_PARAMETER')
  expect(await refused({ clientSecretName: 'none', data: many })).toBe('KEY_NOT_FOUND')
  expect(await refused({ url: `https://api.example.com/${'%25'.repeat(30_000)}` })).toBe('INVALID_PARAMETER')
  expect((await fetch(`${url}/health`)).status).toBe(200)
  // What each costs, in a process with a bounded heap: test/relay/request-cost.test.ts.
})

test('threat 27: what a caller has under way is bounded in bytes', async () => {
  // Room for one of the largest requests.
  const limits = { requestBytes: 200_000, responseBytes: 100_000, bytesInFlightPerCaller: 400_000 }
  const { post, request, api } = await world(() => {}, {}, { limits })
  const large = { ...request, data: { note: 'x'.repeat(190_000) } }
  const waiting = [post(large), post(large)]
  await eventually(() => expect(api.calls.length).toBeGreaterThan(0))
  expect((await post(large)).status).toBe(429)
  await Promise.race(waiting)
  // With many callers, slow ones and signed-in ones: test/relay/in-flight.test.ts, test/relay/flood.test.ts.
})

test('threat 28: the password in a secret for Basic does not come back decoded', async () => {
  const password = 'correct-horse-9713-battery'
  const api = await startApi((_call, outgoing) => json(outgoing, { you: { user: 'ada', password } }))
  const secret = Buffer.from(`ada:${password}`).toString('base64')
  const { client } = await startRelay({ keys: { api: { ...keyFor(api.url), secret } } })
  const headers = { Authorization: 'Basic $CLIENT_SECRET' }
  const sent = await client.send({ clientSecretName: 'api', url: `${api.url}/v1/items`, method: 'GET', headers })
  expect(sent).toMatchObject({ data: { you: { user: 'ada', password: '$CLIENT_SECRET' } } })
})

test.each([{ id: {} }, { id: 5 }, { id: ['victor'] }, true])('threat 31: authenticate gives %j', async (identity) => {
  const { post, request, api, log } = await world(undefined, {}, { authenticate: () => identity as never })
  const answered = await post(request)
  expect([answered.status, api.calls]).toEqual([500, []])
  expect(await answered.text()).toContain('"INTERNAL"')
  expect(inspect(log, { depth: 9 })).toContain('authenticate returned a value that is not a user')
})

/** An answer without end. */
function pour(outgoing: import('node:http').ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 'x')
  const more = () => {
    while (!outgoing.destroyed && outgoing.write(chunk));
    outgoing.once('drain', more)
  }
  more()
}
