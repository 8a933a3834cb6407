import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { ClientSecretRequestParams } from '../../src/client/request-params.ts'
import { json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'

async function setUp(answer?: ApiAnswer, rule: Parameters<typeof keyFor>[1] = {}) {
  const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'] as const
  const api = await startApi(answer)
  const { client } = await startRelay({ keys: { api: keyFor(api.url, { methods: [...methods], ...rule }) } })
  const send = (request: Partial<ClientSecretRequestParams> & { type?: string }) => {
    const { type, headers, ...rest } = request
    return client.send({
      clientSecretName: 'api',
      url: `${api.url}/v1`,
      method: 'POST',
      headers: { authorization: 'Bearer $CLIENT_SECRET', ...(type && { 'content-type': type }), ...headers },
      ...rest,
    })
  }
  return { api, client, send }
}

test.each([
  ['a list, as JSON', { data: [{ a: 1 }, 2] }, 'application/json', '[{"a":1},2]'],
  ['an empty list', { data: [] }, 'application/json', '[]'],
  ['XML', { data: '<a>ü</a>', type: 'text/xml' }, 'text/xml', '<a>ü</a>'],
  [
    'lines of JSON',
    { data: '{"a":1}\n{"a":2}\n', type: 'application/x-ndjson' },
    'application/x-ndjson',
    '{"a":1}\n{"a":2}\n',
  ],
  ['JSON that is written already', { data: '{"b": 1.0}', type: 'application/json' }, 'application/json', '{"b": 1.0}'],
  [
    'a form that is written already',
    { data: 'to=a&to=b', type: 'application/x-www-form-urlencoded' },
    'application/x-www-form-urlencoded',
    'to=a&to=b',
  ],
  ['a text of no type', { data: 'waves' }, 'text/plain;charset=UTF-8', 'waves'],
  ['an empty text', { data: '' }, 'text/plain;charset=UTF-8', ''],
  ['a body of DELETE', { method: 'DELETE' as const, data: { ids: [1] } }, 'application/json', '{"ids":[1]}'],
])('%s', async (_what, request, type, body) => {
  const { api, send } = await setUp()
  await send(request)
  expect(api.calls.map((call) => [call.headers['content-type'], call.body])).toEqual([[type, body]])
})

test('a body in a queue is the same', async () => {
  const { api, send } = await setUp()
  await send({ data: '<a/>', type: 'text/xml', queue: 'q', poll: 10 })
  expect(api.calls[0]).toMatchObject({ body: '<a/>', headers: { 'content-type': 'text/xml' } })
})

describe('a form writes lists as the API reads them', () => {
  const data = { to: ['a@b.c', 'd e'], from: 'me', deep: { tags: [1, null] } }
  test.each([
    [
      undefined,
      [
        ['to[0]', 'a@b.c'],
        ['to[1]', 'd e'],
        ['from', 'me'],
        ['deep[tags][0]', '1'],
        ['deep[tags][1]', ''],
      ],
    ],
    [
      'brackets',
      [
        ['to[]', 'a@b.c'],
        ['to[]', 'd e'],
        ['from', 'me'],
        ['deep[tags][]', '1'],
        ['deep[tags][]', ''],
      ],
    ],
    [
      'repeat',
      [
        ['to', 'a@b.c'],
        ['to', 'd e'],
        ['from', 'me'],
        ['deep[tags]', '1'],
        ['deep[tags]', ''],
      ],
    ],
    [
      'comma',
      [
        ['to', 'a@b.c,d e'],
        ['from', 'me'],
        ['deep[tags]', '1,'],
      ],
    ],
  ] as const)('%s', async (formArrays, pairs) => {
    const { api, send } = await setUp()
    await send({ data, type: 'application/x-www-form-urlencoded', ...(formArrays && { formArrays }) })
    expect([...new URLSearchParams(api.calls[0]!.body)]).toEqual(pairs)
  })

  test('a list of objects has no commas', async () => {
    const { api, send } = await setUp()
    const sent = send({ data: { a: [{ b: 1 }] }, type: 'application/x-www-form-urlencoded', formArrays: 'comma' })
    await expect(sent).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path: 'formArrays' })
    expect(api.calls).toEqual([])
  })
})

test('no placeholder may stand in a text, and one in a list may where a rule names its place', async () => {
  const { api, send } = await setUp(undefined, { in: ['headers.authorization', 'data#/0/key'] })
  await expect(send({ data: 'key=$CLIENT_SECRET', type: 'text/plain' })).rejects.toMatchObject({
    code: 'NOT_ALLOWED',
    path: 'data#',
  })
  await send({ data: [{ key: '$CLIENT_SECRET' }, 'a'] })
  expect(api.calls.map(({ body }) => body)).toEqual([JSON.stringify([{ key: canary }, 'a'])])
})

test.each(['identity', 'gzip'])('HEAD gives the headers, with the length and without a body (%s)', async (encoding) => {
  const length = String(gzipSync('x'.repeat(1000)).length)
  const { api, send } = await setUp(
    (_call, outgoing) =>
      void outgoing.writeHead(200, { 'content-length': length, 'content-encoding': encoding, etag: '"1"' }).end(),
  )
  const { data, response } = (await send({ method: 'HEAD' })) as {
    data: unknown
    response: { status: number; headers: Record<string, string> }
  }
  expect(api.calls[0]?.method).toBe('HEAD')
  expect([data, response.status, response.headers['content-length'], response.headers['etag']]).toEqual([
    null,
    200,
    length,
    '"1"',
  ])
})

test('HEAD stays HEAD over a redirect with 303', async () => {
  const { api, send } = await setUp((call, outgoing) => {
    if (call.path === '/v1') outgoing.writeHead(303, { location: '/there' }).end()
    else json(outgoing, {})
  })
  await send({ method: 'HEAD' })
  expect(api.calls.map(({ method, path }) => [method, path])).toEqual([
    ['HEAD', '/v1'],
    ['HEAD', '/there'],
  ])
})
