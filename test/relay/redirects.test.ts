import { expect, test } from 'vitest'
import { redirected } from '../../src/relay/upstream/redirect.ts'
import { administratorOf, setMasterKey } from '../helpers/administrator.ts'
import { door, json, startApi, type ApiCall } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'

/** An API that redirects from /start, and says what it got elsewhere. */
async function setUp(status: number, location: (api: { url: string }) => string) {
  const elsewhere = await startApi()
  const api: Awaited<ReturnType<typeof startApi>> = await startApi(({ path, method }, outgoing) =>
    path.startsWith('/v1/start')
      ? void outgoing.writeHead(status, { location: location(api) }).end()
      : json(outgoing, { path, method }),
  )
  const key = keyFor(api.url)
  const { client } = await startRelay({
    keys: { api: { ...key, allow: [{ ...key.allow[0]!, url: `${api.url}/v1/**` }] } },
  })
  const send = (request: object = {}) =>
    client.send({
      clientSecretName: 'api',
      url: `${api.url}/v1/start`,
      method: 'GET' as const,
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
      ...request,
    })
  return { api, elsewhere, send }
}

const got = ({ method, path, headers, body }: ApiCall) => [
  method,
  path,
  headers.authorization,
  headers['content-type'],
  body,
]

test.each([
  [301, 'GET', 'GET'],
  [302, 'GET', 'GET'],
  [303, 'GET', 'GET'],
  [307, 'GET', 'GET'],
  [308, 'GET', 'GET'],
  [301, 'POST', 'GET'],
  [302, 'POST', 'GET'],
  [303, 'POST', 'GET'],
  [303, 'PUT', 'GET'],
  [302, 'PUT', 'PUT'],
  [307, 'POST', 'POST'],
  [308, 'PATCH', 'PATCH'],
] as const)('%i of a %s on the same origin is followed as a %s', async (status, method, followedAs) => {
  const { api, send } = await setUp(status, () => '/v1/there?page=2#part')
  const withBody = method !== 'GET'
  const answer = await send({ method, params: { first: 1 }, ...(withBody && { data: { n: 1 } }) })
  expect(answer).toMatchObject({ data: { path: '/v1/there?page=2', method: followedAs }, response: { status: 200 } })
  const body = followedAs === 'GET' ? [undefined, ''] : ['application/json', '{"n":1}']
  expect(got(api.calls[1]!)).toEqual([followedAs, '/v1/there?page=2', `Bearer ${canary}`, ...body])
})

const withoutSecret = expect.stringMatching(/^(?!.*sk-canary).*\$CLIENT_SECRET$/) as string

test.each<[string, (api: { url: string }, other: { url: string }) => string]>([
  ['another port', (_api, other) => `${other.url}/v1/there`],
  ['another host', (_api, other) => other.url.replace('127.0.0.1', 'localhost')],
  ['another scheme', (api) => `${api.url.replace('http:', 'https:')}/v1/there`],
  ['no scheme', (_api, other) => other.url.replace('http:', '')],
  ['a user name', (api) => `${api.url.replace('//', '//user:word@')}/v1/there`],
  ['a path that no rule allows', () => '/v2/there'],
  ['a path that climbs out', () => '/v1/../v2/there'],
  ['a path that climbs out in disguise', () => '/v1/%2e%2e%2fv2/there'],
  ['the placeholder in a place that no rule names', () => '/v1/there?key=$CLIENT_SECRET'],
  ['the secret in a place that no rule names', () => `/v1/there?key=${encodeURIComponent(canary)}`],
  ['no url', () => 'http://['],
])('a redirect to %s is the answer, and nobody is called', async (_name, location) => {
  const other = await startApi()
  const { api, send } = await setUp(307, (own) => location(own, other))
  expect(await send()).toMatchObject({
    response: {
      status: 307,
      headers: { location: location(api, other).includes('sk-') ? withoutSecret : location(api, other) },
    },
  })
  expect(api.calls).toHaveLength(1)
  expect(other.calls).toEqual([])
})

test('an API that redirects in circles is followed five times; the sixth redirect is the answer', async () => {
  const { api, send } = await setUp(302, () => '/v1/start')
  expect(await send()).toMatchObject({ response: { status: 302 } })
  expect(api.calls).toHaveLength(6)
})

test('a secret in the path of a redirect goes where the rule has it', async () => {
  const secret = '123456:AA-telegram_token'
  const api = await startApi(({ path }, outgoing) =>
    path.endsWith('/getMe')
      ? void outgoing.writeHead(308, { location: path.replace('getMe', 'getYou') }).end()
      : json(outgoing, { path }),
  )
  const { client } = await startRelay({
    keys: {
      bot: {
        secret,
        locked: false,
        allow: [{ url: `${api.url}/bot$CLIENT_SECRET/*`, methods: ['GET'], allowPrivateNetwork: true }],
      },
    },
  })
  const answer = await client.send({
    clientSecretName: 'bot',
    url: `${api.url}/bot$CLIENT_SECRET/getMe`,
    method: 'GET',
  })
  expect(answer).toMatchObject({ data: { path: expect.stringContaining('$CLIENT_SECRET') } })
  expect(api.calls.map(({ path }) => path)).toEqual([`/bot${secret}/getMe`, `/bot${secret}/getYou`])
})

test('a redirect to another origin is not followed, also where the rules allow that one too', async () => {
  const request = { clientSecretName: 'shop', url: 'https://a.shops.example/x', method: 'GET' as const }
  expect(redirected(request, 302, 'https://b.shops.example/x')).toBeNull()
  expect(redirected(request, 302, 'https://a.shops.example/y')).toMatchObject({ url: 'https://a.shops.example/y' })
})

test.each<[string, (administrator: ReturnType<typeof administratorOf>, url: string) => Promise<unknown>]>([
  ['removed', ({ remove }) => remove('api')],
  ['locked', ({ put }, url) => put('api', { isNew: false, locked: true, allow: keyFor(url).allow })],
  [
    'kept to another path',
    ({ put }, url) => put('api', { isNew: false, locked: false, allow: keyFor(url, { url: `${url}/start` }).allow }),
  ],
])('a redirect is not followed when the key was %s while the API took its time', async (_name, change) => {
  setMasterKey()
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    outgoing.writeHead(302, { location: '/there' }).end()
  })
  const { url, client } = await startRelay({ authenticate: () => null })
  const administrator = administratorOf(url)
  await administrator.put('api', { ...keyFor(api.url), allow: keyFor(api.url).allow, locked: false })
  const answer = client.send({
    clientSecretName: 'api',
    url: `${api.url}/start`,
    method: 'GET',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
  })
  await eventually(() => expect(api.calls).toHaveLength(1))
  await change(administrator, api.url)
  open()
  expect(await answer).toMatchObject({ response: { status: 302 } })
  expect(api.calls).toHaveLength(1)
})
