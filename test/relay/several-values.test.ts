import { expect, test } from 'vitest'
import { check } from '../../src/command/check.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import type { KeyOptions } from '../../src/relay/keys/key.ts'
import { json, startApi } from '../helpers/api.ts'
import { startRelay } from '../helpers/relay.ts'

const id = 'app_Vq7TfC1dXk29'
const key = 'k$&"/+=_Vq7TfC1dXk29fLmQ8v'

/** As https://www.algolia.com/doc/rest-api/search says: both headers, or 403. */
function startAlgolia() {
  return startApi((call, outgoing) => {
    const { 'x-algolia-application-id': app, 'x-algolia-api-key': secret } = call.headers
    const isIn = app === id && secret === key
    json(outgoing, isIn ? { hits: [], id, key, both: btoa(`${id}:${key}`) } : { message: 'Invalid' }, isIn ? 200 : 403)
  })
}

const algolia = (url: string, change: Partial<KeyOptions> = {}): KeyOptions => ({
  secret: { id, key },
  locked: false,
  allow: [
    {
      url: `${url}/1/indexes/*/query`,
      methods: ['POST'],
      inEach: { id: ['headers.x-algolia-application-id'], key: ['headers.x-algolia-api-key'] },
      allowPrivateNetwork: true,
    },
  ],
  ...change,
})

const headers = { 'X-Algolia-Application-Id': '$CLIENT_SECRET.id', 'X-Algolia-API-Key': '$CLIENT_SECRET.key' }
const query = (url: string, given: Record<string, string> = headers) => ({
  clientSecretName: 'algolia',
  url: `${url}/1/indexes/otters/query`,
  method: 'POST' as const,
  headers: given,
  data: { query: 'waves' },
})

test('each value goes where its name stands, and all of them are redacted', async () => {
  const api = await startAlgolia()
  const { client } = await startRelay({ keys: { algolia: algolia(api.url) } })
  const answer = await client.clientSecretRequest(query(api.url))
  expect(answer).toMatchObject({ hits: [], id: '$CLIENT_SECRET' })
  for (const secret of [id, key, btoa(`${id}:${key}`).slice(4, 24)])
    expect(JSON.stringify(answer)).not.toContain(secret)
  const [record] = (await client.history({})).records
  expect(record?.request?.headers).toEqual(headers)
})

test.each([
  ['the name of the other', { ...headers, 'X-Algolia-Application-Id': '$CLIENT_SECRET.key' }, 'NOT_ALLOWED'],
  ['a place of neither', { ...headers, 'X-Other': '$CLIENT_SECRET.id' }, 'NOT_ALLOWED'],
  ['an unknown name', { ...headers, 'X-Algolia-API-Key': '$CLIENT_SECRET.kee' }, 'INVALID_PARAMETER'],
  ['no name', { ...headers, 'X-Algolia-API-Key': '$CLIENT_SECRET' }, 'INVALID_PARAMETER'],
  ['a name of the prototype', { ...headers, 'X-Algolia-API-Key': '$CLIENT_SECRET.constructor' }, 'INVALID_PARAMETER'],
])('%s is refused', async (_what, given, code) => {
  const api = await startAlgolia()
  const { client } = await startRelay({ keys: { algolia: algolia(api.url) } })
  await expect(client.clientSecretRequest(query(api.url, given))).rejects.toMatchObject({ code })
  expect(api.calls).toEqual([])
})

test('an unknown name is told with those that there are', async () => {
  const api = await startAlgolia()
  const { client } = await startRelay({ keys: { algolia: algolia(api.url) } })
  await expect(
    client.clientSecretRequest(query(api.url, { ...headers, 'X-Algolia-API-Key': '$CLIENT_SECRET.kee' })),
  ).rejects.toMatchObject({
    path: 'headers.x-algolia-api-key',
    message: expect.stringMatching(/names "kee"\. Write \$CLIENT_SECRET\.id or \$CLIENT_SECRET\.key\./) as string,
  })
})

test('two values make one Basic', async () => {
  const api = await startApi()
  const allow = [{ url: `${api.url}/**`, methods: ['GET' as const], allowPrivateNetwork: true }]
  const { client } = await startRelay({ keys: { algolia: algolia(api.url, { allow }) } })
  const authorization = 'Basic $CLIENT_SECRET.id:$CLIENT_SECRET.key'
  for (const sent of [authorization, `Basic ${btoa(authorization.slice(6))}`])
    await client.clientSecretRequest({
      clientSecretName: 'algolia',
      url: `${api.url}/products`,
      method: 'GET',
      headers: { authorization: sent },
    })
  const expected = `Basic ${btoa(`${id}:${key}`)}`
  expect(api.calls.map((call) => call.headers.authorization)).toEqual([expected, expected])
})

test('a redirect that holds a value is followed only where that value may stand', async () => {
  const api = await startApi((call, outgoing) => {
    if (call.path.endsWith('/query')) outgoing.writeHead(307, { location: `/1/indexes/${key}/query` }).end()
    else json(outgoing, {})
  })
  const { client } = await startRelay({ keys: { algolia: algolia(api.url) } })
  await client.send(query(api.url))
  expect(api.calls).toHaveLength(1)
})

test('of a key with one value, a dot behind the placeholder is a dot', async () => {
  const api = await startApi()
  const allow = [{ url: `${api.url}/$CLIENT_SECRET.json`, methods: ['GET' as const], allowPrivateNetwork: true }]
  const { client } = await startRelay({ keys: { one: { secret: 'the-secret', locked: false, allow } } })
  await client.clientSecretRequest({ clientSecretName: 'one', url: `${api.url}/$CLIENT_SECRET.json`, method: 'GET' })
  expect(api.calls.map(({ path }) => path)).toEqual(['/the-secret.json'])
})

const rule = { url: 'https://api.example.com/v1', methods: ['GET' as const] }

test.each<[Partial<KeyOptions>, RegExp]>([
  [{ secret: {} }, /keys\.shop has a secret without values/],
  [{ secret: { id, 'a b': key } }, /a value named "a b"/],
  [{ secret: { id, key: undefined } }, /keys\.shop\.secret\.key has no secret\. Give it in keys\.shop\.secret\.key/],
  [{ secret: { id, key: 'short' } }, /keys\.shop\.secret\.key has a secret of fewer than 8/],
  [{ publicPrefix: 'app_' }, /publicPrefix and several values/],
  [{ allow: [{ ...rule, inEach: { kee: ['headers.a'] } }] }, /places for "kee" in inEach\. The values .* are id, key/],
  [{ allow: [{ ...rule, inEach: {} }] }, /inEach that names no value/],
  [{ allow: [{ ...rule, inEach: { id: [] } }] }, /names no place in "inEach\.id"/],
  [{ allow: [{ ...rule, in: ['headers.a'], inEach: { id: ['headers.a'] } }] }, /both in and inEach/],
  [{ secret: 'one-value-only', allow: [{ ...rule, inEach: { id: ['headers.a'] } }] }, /one value/],
])('%j does not start', (change, sentence) => {
  const shop = { secret: { id, key }, locked: false, allow: [rule], ...change }
  expect(() => createRelay({ keys: { shop } })).toThrow(sentence)
})

test('check says where each value goes, without having them', () => {
  const text = check({ keys: { algolia: algolia('http://10.0.0.1', { secret: { id: undefined, key: undefined } }) } })
  expect(text).toContain('its id in the header x-algolia-application-id and its key in the header x-algolia-api-key')
})
