import { expect, onTestFinished, test } from 'vitest'
import { createClient, createStream, type RequestParams } from '../../src/exports/client.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import { startApi } from '../helpers/api.ts'
import { keyFor } from '../helpers/relay.ts'

// Servers of the web platform hand over a Request, and proxies send bodies on, without a Content-Length.

const mounts: Record<string, (request: Request) => Request> = {
  'a Request': (request) => request,
  'a Request with its body in pieces': (request) =>
    new Request(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body?.pipeThrough(new TransformStream()) ?? null,
      duplex: 'half',
    } as RequestInit),
  'a POST whose empty body is a stream': (request) =>
    request.method === 'POST' && !request.body
      ? new Request(request, { body: new Blob([]).stream(), duplex: 'half' } as RequestInit)
      : request,
}

async function setUp(mount: (request: Request) => Request) {
  const api = await startApi()
  const relay = createRelay({ keys: { api: keyFor(api.url) } })
  onTestFinished(() => relay.close())
  const client = createClient({
    relay: 'http://localhost/relay',
    fetch: (url, init) => relay.fetch(mount(new Request(url, init))),
  })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/v1`,
    method: 'POST',
    headers: { authorization: 'Bearer $CLIENT_SECRET' },
  } satisfies RequestParams
  return { api, client, request }
}

const data = { model: 'gpt', text: 'ö' }
const bodies: [string, RequestParams['data'], Record<string, string>][] = [
  ['JSON', data, {}],
  ['a list', [1, 2], {}],
  ['a form', { a: '1' }, { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a text', 'hi', { 'content-type': 'text/plain' }],
  ['bytes', new TextEncoder().encode('hi'), {}],
  ['nothing', undefined, {}],
]
const written: Record<string, string> = {
  JSON: JSON.stringify(data),
  'a list': '[1,2]',
  'a form': 'a=1',
  'a text': 'hi',
  bytes: 'hi',
  nothing: '',
}

test.each(
  Object.entries(mounts).flatMap(([mount, change]) => bodies.map((body) => [mount, body[0], change, body] as const)),
)(
  '%s: %s reaches the API, of a request, a stream and a fetch',
  async (_mount, _what, change, [what, body, headers]) => {
    const { api, client, request } = await setUp(change)
    const params = { ...request, headers: { ...request.headers, ...headers }, data: body }
    await client.clientSecretRequest(params)
    if (what !== 'bytes') await createStream(client, { params, options: () => ({ read: 'bytes' }) }).send()
    await client.fetchWith('api')(request.url, {
      method: 'POST',
      headers: { ...params.headers, ...(what === 'JSON' && { 'content-type': 'application/json' }) },
      body: written[what]!,
    })
    expect(api.calls.map((call) => call.body)).toEqual(Array(what === 'bytes' ? 2 : 3).fill(written[what]))
  },
)
