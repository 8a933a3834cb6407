import { describe, expect, test } from 'vitest'
import { json, startApi, type ApiCall } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'

/** Sends a request through a real relay to an API that answers with what it got. */
async function received(
  params: Partial<ClientSecretRequestParams> & { path?: string },
  rule: Parameters<typeof keyFor>[1] = {},
): Promise<ApiCall> {
  const api = await startApi((_call, outgoing) => json(outgoing, { ok: true }))
  const { client } = await startRelay({ keys: { api: keyFor(api.url, rule) } })
  const { path = '/v1/items', ...rest } = params
  await client.clientSecretRequest({
    clientSecretName: 'api',
    url: api.url + path,
    method: 'POST',
    headers: { Authorization: 'Bearer $CLIENT_SECRET' },
    ...rest,
  })
  expect(api.calls).toHaveLength(1)
  return api.calls[0]!
}

describe('every field of the request reaches the API', () => {
  test('clientSecretName chooses the key', async () => {
    const api = await startApi()
    const { client } = await startRelay({
      keys: {
        one: { ...keyFor(api.url), secret: 'the-first-secret' },
        two: { ...keyFor(api.url), secret: 'the-second-secret' },
      },
    })
    await client.clientSecretRequest({
      clientSecretName: 'two',
      url: `${api.url}/x`,
      method: 'GET',
      headers: { authorization: '$CLIENT_SECRET' },
    })
    expect(api.calls[0]?.headers.authorization).toBe('the-second-secret')
  })

  test('url, with the query it already has', async () => {
    expect((await received({ path: '/v1/a%20b?x=1%2B1&y' })).path).toBe('/v1/a%20b?x=1%2B1&y')
  })

  test.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'get', 'patch'] as const)('method %s', async (method) => {
    expect((await received({ method })).method).toBe(method.toUpperCase())
  })

  test('headers', async () => {
    const { headers } = await received({
      headers: { Authorization: 'Bearer $CLIENT_SECRET', 'OpenAI-Beta': 'assistants=v2' },
    })
    expect(headers).toMatchObject({ authorization: `Bearer ${canary}`, 'openai-beta': 'assistants=v2' })
  })

  test('data, as JSON', async () => {
    const { headers, body } = await received({ data: { model: 'm', nested: [{ on: true }, null, 1.5] } })
    expect(headers['content-type']).toBe('application/json')
    expect(JSON.parse(body)).toEqual({ model: 'm', nested: [{ on: true }, null, 1.5] })
  })

  test('data, as a form with nested names in brackets', async () => {
    const { headers, body } = await received({
      headers: { authorization: '$CLIENT_SECRET', 'Content-Type': 'application/x-www-form-urlencoded' },
      data: { amount: 1099, metadata: { 'order id': 'a&b' }, items: [{ price: 'p1' }, { price: 'p2' }], note: null },
    })
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect([...new URLSearchParams(body)]).toEqual([
      ['amount', '1099'],
      ['metadata[order id]', 'a&b'],
      ['items[0][price]', 'p1'],
      ['items[1][price]', 'p2'],
      ['note', ''],
    ])
  })

  test('params, appended to the query of the url', async () => {
    const { path } = await received({
      path: '/v1/items?page=1',
      params: { q: 'a b&c', limit: 20, draft: false, tag: ['x', 'y'] },
    })
    const query = new URL(path, 'http://api').searchParams
    expect([...query]).toEqual([
      ['page', '1'],
      ['q', 'a b&c'],
      ['limit', '20'],
      ['draft', 'false'],
      ['tag', 'x'],
      ['tag', 'y'],
    ])
  })
})

describe('the placeholder becomes the key', () => {
  test('in a header, also more than once', async () => {
    const { headers } = await received({ headers: { authorization: '$CLIENT_SECRET:$CLIENT_SECRET' } })
    expect(headers.authorization).toBe(`${canary}:${canary}`)
  })

  test('in params, encoded once', async () => {
    const { path } = await received({ headers: {}, params: { key: '$CLIENT_SECRET' } }, { in: ['params.key'] })
    expect(new URL(path, 'http://api').searchParams.get('key')).toBe(canary)
  })

  test('in the query of the url', async () => {
    const { path } = await received({ headers: {}, path: '/v1/maps?key=$CLIENT_SECRET&x=1' }, { in: ['params.key'] })
    expect([...new URL(path, 'http://api').searchParams]).toEqual([
      ['key', canary],
      ['x', '1'],
    ])
  })

  test('in a segment of the path', async () => {
    const { path } = await received({ headers: {}, path: '/bot$CLIENT_SECRET/send' }, { in: ['url.path'] })
    expect(path.split('/').map(decodeURIComponent)).toEqual(['', `bot${canary}`, 'send'])
  })

  test('in the data, as JSON, at the place that the rule names', async () => {
    const { body } = await received(
      { headers: {}, data: { auth: { keys: ['a', 'k=$CLIENT_SECRET'] } } },
      { in: ['data#/auth/keys/1'] },
    )
    expect(JSON.parse(body)).toEqual({ auth: { keys: ['a', `k=${canary}`] } })
  })

  test('in the data, as a form', async () => {
    const { body } = await received(
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, data: { secret: '$CLIENT_SECRET' } },
      { in: ['data#/secret'] },
    )
    expect(new URLSearchParams(body).get('secret')).toBe(canary)
  })

  test('but not in a longer word, and not in a name', async () => {
    const { headers, body } = await received({
      headers: { authorization: '$CLIENT_SECRET', 'x-note': '$CLIENT_SECRET_2' },
      data: { $CLIENT_SECRET: '$CLIENT_SECRETS' },
    })
    expect(headers['x-note']).toBe('$CLIENT_SECRET_2')
    expect(JSON.parse(body)).toEqual({ $CLIENT_SECRET: '$CLIENT_SECRETS' })
  })
})

test("the caller's objects are never changed", async () => {
  const deepFreeze = <T>(value: T): T => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze)
    return value
  }
  const call = await received(
    deepFreeze({
      method: 'post' as const,
      headers: { Authorization: '$CLIENT_SECRET' },
      params: { tags: ['a'] },
      data: { list: [{ a: 1 }] },
      poll: 100,
    }),
  )
  expect(call.method).toBe('POST')
})
