import { expect, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import type { Answer, ResponseType } from '../../src/client/read-record.ts'
import { startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const bytes = Buffer.from([0x49, 0x44, 0x33, 0xff, 0x00])
const answers = {
  '/json': ['application/json; charset=utf-8', '{"a":"ü"}'],
  '/mislabelled': ['text/plain', '{"a":1}'],
  '/text': ['text/plain', 'wäves'],
  '/bytes': ['audio/mpeg', bytes],
} as const

async function setUp() {
  const api = await startApi((call, outgoing) => {
    const [type, body] = answers[call.path as keyof typeof answers]
    outgoing.writeHead(200, { 'content-type': type }).end(body)
  })
  const { client } = await startRelay({ keys: { api: keyFor(api.url) } })
  const ask = (path: keyof typeof answers, responseType?: ResponseType, rest: object = {}) =>
    client.clientSecretRequest({
      clientSecretName: 'api',
      url: api.url + path,
      method: 'GET',
      headers: { authorization: '$CLIENT_SECRET' },
      responseType,
      ...rest,
    })
  return { client, ask }
}

/** As something that can be compared. */
const plain = async (data: unknown) =>
  data instanceof Blob
    ? [data.type, Buffer.from(await data.arrayBuffer()).toString('latin1')]
    : data instanceof ArrayBuffer
      ? Buffer.from(data).toString('latin1')
      : data

const latin1 = (text: string) => Buffer.from(text).toString('latin1')

test.each<[keyof typeof answers, ResponseType | undefined, unknown]>([
  ['/json', undefined, { a: 'ü' }],
  ['/json', 'text', '{"a":"ü"}'],
  ['/json', 'blob', ['application/json; charset=utf-8', latin1('{"a":"ü"}')]],
  ['/json', 'arrayBuffer', latin1('{"a":"ü"}')],
  ['/mislabelled', undefined, '{"a":1}'],
  ['/mislabelled', 'json', { a: 1 }],
  ['/text', undefined, 'wäves'],
  ['/bytes', undefined, new Uint8Array(bytes)],
  ['/bytes', 'blob', ['audio/mpeg', bytes.toString('latin1')]],
  ['/bytes', 'arrayBuffer', bytes.toString('latin1')],
])('%s as %s', async (path, responseType, expected) => {
  const { ask } = await setUp()
  expect(await plain(await ask(path, responseType))).toEqual(expected)
  // The same where it is polled.
  expect(await plain(await ask(path, responseType, { poll: 10 }))).toEqual(expected)
})

test('what is no JSON cannot be given as such, and another type is none', async () => {
  const { ask } = await setUp()
  await expect(ask('/text', 'json')).rejects.toMatchObject({ code: 'INVALID_RESPONSE' })
  await expect(ask('/text', 'xml' as never)).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path: 'responseType' })
})

test('a record is followed with a type of its own', async () => {
  const { client, ask } = await setUp()
  await ask('/bytes')
  const [record] = (await client.history({})).records
  expect(await client.follow(record!, { responseType: 'blob' })).toMatchObject({ data: { type: 'audio/mpeg' } })
  expect(await client.follow({ id: record!.id }, { responseType: 'blob' })).toMatchObject({
    data: { type: 'audio/mpeg' },
  })
})

test('the bytes of a direct answer travel as bytes, also of several megabytes', async () => {
  const large = Buffer.alloc(
    3_000_001,
    Uint8Array.from({ length: 251 }, (_, index) => index),
  )
  const api = await startApi((_call, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'audio/mpeg' }).end(large)
  })
  const relay = await startRelay({ keys: { api: keyFor(api.url) } })
  const received: { type: string | null; size: number }[] = []
  const client = createClient({
    relay: relay.url,
    fetch: async (...call) => {
      const response = await fetch(...call)
      const { size } = await response.clone().blob()
      received.push({ type: response.headers.get('content-type'), size })
      return response
    },
  })
  const request = { clientSecretName: 'api', url: api.url, headers: { authorization: '$CLIENT_SECRET' } }
  for (const method of ['GET', 'POST'] as const) {
    const { data, response, record } = (await client.send({ ...request, method })) as Answer
    expect(large.equals(data as Uint8Array)).toBe(true)
    expect(response.body).toBe(data)
    expect(record.response).toMatchObject({ body: '', headers: { 'content-type': 'audio/mpeg' } })
    const buffer = await client.clientSecretRequest<ArrayBuffer>({ ...request, method, responseType: 'arrayBuffer' })
    expect(buffer.byteLength).toBe(large.length)
  }
  for (const { type, size } of received) {
    expect(type).toBe('application/x-client-secret-record')
    expect(size - large.length).toBeLessThan(1_000)
  }
  // The record has them too, as base64 for every JSON.
  const [record] = (await client.history({ limit: 1 })).records
  expect(record!.response).toMatchObject({ encoding: 'base64', body: expect.any(String) as string })
  expect(record!.response!.body === large.toString('base64')).toBe(true)
})
