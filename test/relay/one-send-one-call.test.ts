import { expect, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const session = { 'client-session': 'a-session-of-enough-characters', 'content-type': 'application/json' }

async function setUp() {
  const { opened, open } = door()
  const api = await startApi(async (call, outgoing) => {
    await opened
    json(outgoing, { n: call.body })
  })
  const { url, relay } = await startRelay({ keys: { api: keyFor(api.url) } })
  const request = {
    clientSecretName: 'api',
    url: `${api.url}/`,
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
  }
  const post = (idempotencyKey: string, fields: object = {}, headers: Record<string, string> = session) =>
    fetch(`${url}/requests`, {
      method: 'POST',
      headers: { ...headers, 'idempotency-key': idempotencyKey },
      body: JSON.stringify({ ...request, ...fields }),
    })
  return { api, url, relay, request, post, open }
}

test.each([{}, { poll: 50 }, { queue: 'q' }])(
  'the same idempotency key again is the same request: %o',
  async (fields) => {
    const { api, post, open } = await setUp()
    const both = [post('k', fields), post('k', fields)]
    open()
    const [first, second] = (await Promise.all(both.map(async (response) => (await response).json()))) as {
      id: string
    }[]
    expect(second!.id).toBe(first!.id)
    const third = (await (await post('k', fields)).json()) as { id: string }
    expect(third.id).toBe(first!.id)
    while (api.calls[0]?.endedAt === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(api.calls).toHaveLength(1)
  },
)

test('the same key for another request is refused', async () => {
  const { post, open } = await setUp()
  open()
  expect((await post('k', { data: { a: 1 } })).status).toBe(200)
  const other = await post('k', { data: { a: 2 } })
  expect(other.status).toBe(400)
  expect(await other.json()).toMatchObject({ error: { path: 'headers.idempotency-key' } })
})

test('the same key of another caller is another request', async () => {
  const { api, post, open } = await setUp()
  open()
  await post('k')
  await post('k', {}, { ...session, 'client-session': 'another-session-of-characters' })
  expect(api.calls).toHaveLength(2)
})

test('an answer that was lost on the way is asked for again, not made again', async () => {
  const { api, url, request, open } = await setUp()
  open()
  let lost = 0
  const client = createClient({
    relay: url,
    fetch: async (...args) => {
      const response = await fetch(...args)
      if (lost++ > 0) return response
      await response.text()
      throw new TypeError('the network went away')
    },
  })
  await expect(client.clientSecretRequest(request)).resolves.toEqual({ n: '' })
  expect(lost).toBe(2)
  expect(api.calls).toHaveLength(1)
})

test('a relay that is away is an error that says so, after a few tries', async () => {
  let tries = 0
  const client = createClient({
    relay: 'https://relay.example.com/r',
    fetch: () => {
      tries += 1
      return Promise.reject(new TypeError('fetch failed'))
    },
  })
  const error = await client
    .clientSecretRequest({
      clientSecretName: 'a',
      url: 'https://a.example.com',
      method: 'GET',
      headers: { a: '$CLIENT_SECRET' },
    })
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    code: 'NETWORK_ERROR',
    status: 0,
    message: expect.stringMatching(
      /^POST https:\/\/relay.example.com\/r\/requests got no answer: TypeError: fetch failed. Check that the relay runs and allows this page in its option origins\. The API may have acted\./,
    ),
  })
  expect(tries).toBe(4)
})

test.each([
  [
    'a page where the relay should be',
    200,
    'text/html',
    '<!doctype html>',
    'INVALID_RESPONSE',
    /answered 200, but not from the relay. Check that it runs at this address\./,
  ],
  ['a 404 of another server', 404, 'text/html', 'Not found', 'INVALID_RESPONSE', /answered 404/],
  ['JSON of somebody else', 200, 'application/json', '{"status":"ok"}', 'INVALID_RESPONSE', /answered 200/],
  [
    'a gateway that does not reach it',
    503,
    'text/html',
    'Away',
    'UNAVAILABLE',
    /answered 503, but not from the relay. Check that it runs.* The API may have acted\./,
  ],
])('%s is told as such', async (_name, status, type, body, code, message) => {
  const client = createClient({
    relay: '/relay',
    fetch: async () => new Response(body, { status, headers: { 'content-type': type } }),
  })
  await expect(
    client.clientSecretRequest({
      clientSecretName: 'a',
      url: 'https://a.example.com',
      method: 'GET',
      headers: { a: '$CLIENT_SECRET' },
    }),
  ).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})
