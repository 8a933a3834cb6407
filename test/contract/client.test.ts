// @vitest-environment jsdom
import { describe, expect, test, vi } from 'vitest'
import { createClient, type Client } from '../../src/client/create-client.ts'
import { isPollStopped } from '../../src/client/poll-stopped.ts'
import { skapiTransport } from '../../src/client/skapi-transport.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { canary, keyFor, startRelay } from '../helpers/relay.ts'
import { skapi2Folder, startSkapi, type SkapiServer } from '../helpers/skapi-server.ts'
import { until, watchedFetch } from '../helpers/watched-fetch.ts'

// What a client promises whatever server it talks to.

const skapiSecret = 'sk-plain-enough-for-json'

interface Server {
  client: Client
  secret: string
  /** Cuts the connection between client and server, or mends it. */
  cut: (isCut: boolean) => void
  /** Polls that the server or the network saw. */
  polls: () => number
  skapi?: SkapiServer
}

async function relayServer(apiUrl: string): Promise<Server> {
  const { url } = await startRelay({ keys: { api: keyFor(apiUrl) } })
  const network = watchedFetch()
  return {
    client: createClient({ relay: url, fetch: network.fetch }),
    secret: canary,
    cut: (isCut) => void (network.isCut = isCut),
    polls: () => network.polls.length,
  }
}

if (!skapi2Folder) console.info('skipped: the contract over skapi-js 2.0. SKAPI_JS_2 names no folder with it.')

const skapiServer = (version: 1 | 2 | 'folder') => async (): Promise<Server> => {
  const skapi = await startSkapi(version, skapiSecret)
  return {
    client: createClient({ transport: skapiTransport(skapi.skapi) }),
    secret: skapiSecret,
    cut: skapi.cut,
    polls: () => skapi.calls.filter(({ endpoint }) => endpoint === 'csr-poll').length,
    skapi,
  }
}

const servers: [string, (apiUrl: string) => Promise<Server>][] = [
  ['our relay', relayServer],
  ['skapi-js 1.5.8', skapiServer(1)],
  ['the API of Skapi 2.0', skapiServer(2)],
]
if (skapi2Folder) servers.push(['skapi-js 2.0', skapiServer('folder')])

describe.each(servers)('over %s', (name, start) => {
  async function setUp(answer: ApiAnswer = (call, outgoing) => json(outgoing, { said: call.body })) {
    const api = await startApi(answer)
    const server = await start(api.url)
    const request = {
      clientSecretName: 'api',
      url: `${api.url}/v1/Items`,
      method: 'POST',
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
      data: { a: { b: 1 } },
    } as const
    // 2.0 runs in the background what has a queue.
    const background = { queue: 'q', poll: 100 }
    return { api, ...server, request, background }
  }

  test('a direct request gives the answer, with the key in its place, and changes no parameter', async () => {
    const { api, client, request, secret } = await setUp()
    const frozen = Object.freeze({
      ...request,
      headers: Object.freeze({ ...request.headers }),
      params: Object.freeze({ x: 1 }),
    })
    await expect(client.clientSecretRequest(frozen)).resolves.toEqual({ said: '{"a":{"b":1}}' })
    expect(api.calls).toMatchObject([
      { method: 'POST', path: '/v1/Items?x=1', headers: { authorization: `Bearer ${secret}` } },
    ])
  })

  test('a polled one gives the answer; callbacks are called once; polls do not overlap', async () => {
    const { opened, open } = door()
    const { api, client, request, background, polls, skapi } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, { done: true })
    })
    const callbacks = { onResponse: vi.fn(), onError: vi.fn() }
    const answer = client.clientSecretRequest({ ...request, ...background, ...callbacks })
    await until(() => api.calls.length === 1)
    await until(() => polls() >= 3)
    open()
    await expect(answer).resolves.toEqual({ done: true })
    expect(callbacks.onResponse).toHaveBeenCalledExactlyOnceWith(
      { done: true },
      expect.objectContaining({ status: 200 }),
    )
    expect(callbacks.onError).not.toHaveBeenCalled()
    if (skapi) expect(skapi.maxPollsAtOnce()).toBe(1)
  })

  test('a queue and no poll gives the status at once; it is polled by hand, stopped, and polled again', async () => {
    const { opened, open } = door()
    const { client, request } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, { done: true })
    })
    const queued = await client.clientSecretRequest({ ...request, queue: 'q' })
    expect(queued).toMatchObject({ id: expect.any(String), status: 'pending', queueName: 'q' })
    const polling = queued.poll({ interval: 100 })
    polling.stop()
    expect(isPollStopped(await polling)).toBe(true)
    open()
    await expect(queued.poll({ interval: 100 })).resolves.toEqual({ done: true })
  })

  test('three of one queue reach the API one after another, in order', async () => {
    const order: string[] = []
    let running = 0
    let most = 0
    const { client, request } = await setUp(async (call, outgoing) => {
      order.push(call.body)
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, 30))
      running -= 1
      json(outgoing, {})
    })
    const queued = []
    for (const n of [1, 2, 3]) queued.push(await client.clientSecretRequest({ ...request, data: { n }, queue: 'q' }))
    await Promise.all(queued.map(({ poll }) => poll({ interval: 100 })))
    expect(order).toEqual(['{"n":1}', '{"n":2}', '{"n":3}'])
    expect(most).toBe(1)
  })

  test('two alike at the same time are two calls', async () => {
    const { opened, open } = door()
    const { api, client, request } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, {})
    })
    const first = client.clientSecretRequest(request)
    await until(() => api.calls.length === 1)
    const second = client.clientSecretRequest(request)
    // Long enough for the second to be on its way.
    await new Promise((resolve) => setTimeout(resolve, 50))
    open()
    await Promise.all([first, second])
    expect(api.calls).toHaveLength(2)
  })

  test.each([{}, { queue: 'q', poll: 100 }])('a failing API rejects, and tells onError once: %o', async (fields) => {
    const { client, request } = await setUp((_call, outgoing) =>
      json(outgoing, { error: { message: 'No otters left.' } }, 500),
    )
    const onError = vi.fn()
    const error: unknown = await client
      .clientSecretRequest({ ...request, ...fields, onError })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', message: expect.stringContaining('No otters left.') })
    expect(onError).toHaveBeenCalledExactlyOnceWith(error)
  })

  test('a blip of the network does not end the polling', async () => {
    const { opened, open } = door()
    const { api, client, request, background, cut, polls } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, { done: true })
    })
    const answer = client.clientSecretRequest({ ...request, ...background })
    await until(() => api.calls.length === 1)
    await until(() => polls() >= 1)
    cut(true)
    await new Promise((resolve) => setTimeout(resolve, 400))
    cut(false)
    open()
    await expect(answer).resolves.toEqual({ done: true })
    expect(api.calls).toHaveLength(1)
  })

  test("an API's body with a status of its own is an answer", async () => {
    for (const body of [
      { status: 'pending', progress: 3 },
      { id: 'x', status: 'pending' },
      { id: 'x', status: 'stopped' },
    ]) {
      const { client, request, background } = await setUp((_call, outgoing) => json(outgoing, body))
      await expect(client.clientSecretRequest(request)).resolves.toEqual(body)
      // With Skapi, as in skapi-js, a status of its own without another id keeps a background request waiting.
      if (name === 'our relay' || body.id !== undefined)
        await expect(client.clientSecretRequest({ ...request, ...background })).resolves.toEqual(body)
    }
  })

  test('the history has it, and its id follows it', async () => {
    const { api, client, request, background } = await setUp()
    await client.clientSecretRequest({ ...request, ...background })
    const { records } = await client.history({ url: request.url, method: 'POST', queue: 'q' })
    expect(records).toMatchObject([{ status: 'resolved', queueName: 'q', request: { data: { a: { b: 1 } } } }])
    await expect(client.follow({ id: records[0]!.id })).resolves.toMatchObject({ data: { said: '{"a":{"b":1}}' } })
    expect(api.calls).toHaveLength(1)
  })

  test('cancel and count work, or say what is missing', async () => {
    const { client, request, skapi } = await setUp(() => {})
    await client.clientSecretRequest({ ...request, queue: 'q' })
    const second = await client.clientSecretRequest({ ...request, queue: 'q' })
    if (name === 'skapi-js 1.5.8') {
      await expect(client.cancel(second.id)).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
        message: expect.stringMatching(/does not offer cancelling a request. Use skapi-js 2.0/),
      })
      await expect(client.queueCount('q')).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
      return
    }
    // Skapi counts for signed-in users.
    if (skapi) await expect(client.queueCount('q')).rejects.toMatchObject({ code: 'SIGN_IN_REQUIRED' })
    else expect(await client.queueCount('q')).toEqual({ queueName: 'q', inQueue: 2 })
    const followed = second.poll({ interval: 100 })
    expect(await client.cancel(second.id)).toMatchObject({ removed: true })
    await expect(followed).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(client.follow({ id: second.id })).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  test('wrong input is refused before anything is sent', async () => {
    const { api, client, request } = await setUp()
    await expect(client.clientSecretRequest({ ...request, headers: {} })).rejects.toMatchObject({
      code: 'PLACEHOLDER_MISSING',
    })
    await expect(client.clientSecretRequest({ ...request, poll: -1 })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      path: 'poll',
    })
    expect(api.calls).toEqual([])
  })
})
