import { request as httpRequest } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { serve } from '../../src/command/serve.ts'
import { createRelay } from '../../src/relay/create-relay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { door, json, startApi, type Api } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { canary, keyFor, postTo, startRelay } from '../helpers/relay.ts'

const session = (name: string) => name.repeat(30)

/** A relay whose callers are told apart by the header Client-Session alone. */
async function setUp(options: Partial<RelayOptions> = {}, keyLimits: object = {}, given?: Api) {
  const api = given ?? (await startApi())
  const started = await startRelay({ keys: { api: { ...keyFor(api.url), limits: keyLimits } }, ...options })
  const submit = (headers: Record<string, string> = {}, request: object = {}) =>
    fetch(`${started.url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'client-session': session('a'), ...headers },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        ...request,
      }),
    })
  return { ...started, api, submit }
}

const statusesOf = async (answers: Promise<Response>[]) => (await Promise.all(answers)).map(({ status }) => status)

describe('requests a minute', () => {
  test('of one caller: the one too many is refused, with the time to wait; others are not held up', async () => {
    const { submit, api } = await setUp({ limits: { requestsPerMinute: 2 } })
    expect(await statusesOf([submit(), submit()])).toEqual([200, 200])
    const refused = await submit()
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(60)
    expect(await refused.json()).toMatchObject({
      error: { code: 'RATE_LIMITED', message: expect.stringContaining('limits.requestsPerMinute') as string },
    })
    expect((await submit({ 'client-session': session('b') })).status).toBe(200)
    expect(api.calls).toHaveLength(3)
  })

  test('also those that are no requests are counted', async () => {
    const { submit } = await setUp({ limits: { requestsPerMinute: 2 } })
    expect(await statusesOf([submit({}, { method: 'JUMP' }), submit({}, { method: 'JUMP' })])).toEqual([400, 400])
    expect((await submit()).status).toBe(429)
  })

  test('of one key, whoever uses it', async () => {
    const { submit, api } = await setUp({}, { requestsPerMinute: 2 })
    const answers = ['a', 'b', 'c'].map((name) => submit({ 'client-session': session(name) }))
    expect((await statusesOf(answers)).sort()).toEqual([200, 200, 429])
    expect(api.calls).toHaveLength(2)
  })

  test('an address that the caller writes counts for nothing', async () => {
    const { submit } = await setUp({ limits: { requestsPerMinute: 1 } })
    expect((await submit({ 'x-forwarded-for': '8.8.8.8' })).status).toBe(200)
    expect((await submit({ 'x-forwarded-for': '9.9.9.9' })).status).toBe(429)
  })

  test('with proxies of ours, a visitor is counted by the address that they saw, whatever session it makes up', async () => {
    const { submit } = await setUp({ limits: { requestsPerMinute: 1 }, trustProxy: 2 })
    const from = (forwarded: string, name: string) =>
      submit({ 'x-forwarded-for': forwarded, 'client-session': session(name) }).then(({ status }) => status)
    expect(await from('1.1.1.1, 8.8.8.8, 10.0.0.1', 'a')).toBe(200)
    expect(await from('2.2.2.2, 8.8.8.8, 10.0.0.1', 'b')).toBe(429)
    expect(await from('8.8.4.4, 10.0.0.1', 'c')).toBe(200)
    // One house has a whole network of these.
    expect(await from('2001:db8:1:2::1, 10.0.0.1', 'd')).toBe(200)
    expect(await from('2001:db8:1:2:ffff::2, 10.0.0.1', 'e')).toBe(429)
    expect(await from('2001:db8:1:3::1, 10.0.0.1', 'f')).toBe(200)
    // Some proxies write a port.
    expect(await from('8.8.4.4:1234, 10.0.0.1', 'i')).toBe(429)
    expect(await from('[2001:db8:1:3::9]:1234, 10.0.0.1', 'j')).toBe(429)
    // Past the proxies.
    expect(await from('1.2.3.4', 'g')).toBe(200)
    expect(await from('4.3.2.1', 'h')).toBe(429)
  })
})

describe('unsettled requests', () => {
  test('of one key, whoever uses it; a repeat of one that was taken is not one more', async () => {
    const { submit } = await setUp({}, { unsettled: 2 }, await startApi(() => {}))
    const send = (name: string) => submit({ 'client-session': session(name), 'idempotency-key': name }, { queue: 'q' })
    expect((await send('a')).status).toBe(202)
    expect((await send('b')).status).toBe(202)
    const refused = await send('c')
    expect(refused.status).toBe(429)
    expect(await refused.json()).toMatchObject({
      error: { code: 'QUEUE_FULL', message: expect.stringContaining('keys.api.limits.unsettled') as string },
    })
    expect((await send('a')).status).toBe(202)
  })

  test.each([
    ['in the background', { queue: 'q' }, 202],
    ['whose callers wait', {}, 200],
  ])('%s: sent at once, they are never more', async (_, fields, taken) => {
    const { opened, open } = door()
    const api = await startApi(async (_call, outgoing) => {
      await opened
      json(outgoing, {})
    })
    const relay = createRelay({ keys: { api: keyFor(api.url) }, limits: { unsettledPerCaller: 20 } })
    onTestFinished(() => relay.close())
    // Before it has started, so that all go on in one turn.
    const answers = Array.from({ length: 100 }, () =>
      postTo(relay, {
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        ...fields,
      }),
    )
    let refused = 0
    for (const answer of answers) void answer.then(({ status }) => (refused += Number(status === 429)))
    await eventually(() => expect(refused).toBe(80))
    open()
    expect((await statusesOf(answers)).filter((status) => status === taken)).toHaveLength(20)
  })
})

describe('bytes a day', () => {
  test('of one caller: what it sends', async () => {
    const { submit } = await setUp({ limits: { bytesPerDay: 2_000 } })
    const data = { text: 'x'.repeat(1_500) }
    expect((await submit({}, { data })).status).toBe(200)
    const refused = await submit({}, { data })
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60)
  })

  test.each(['caller', 'key'])('of one %s: what it gets', async (whose) => {
    const limits = { bytesPerDay: 10_000 }
    const { submit } = await setUp(
      whose === 'caller' ? { limits } : {},
      whose === 'key' ? limits : {},
      await startApi((_call, outgoing) => json(outgoing, 'x'.repeat(20_000))),
    )
    expect((await submit()).status).toBe(200)
    expect((await submit()).status).toBe(429)
    const other = await submit({ 'client-session': session('b') })
    expect(other.status).toBe(whose === 'caller' ? 200 : 429)
  })
})

describe('polls that are held', () => {
  test('are bounded for a caller; one that is let go makes room', async () => {
    const { opened, open } = door()
    const api = await startApi(async (_call, outgoing) => {
      await opened
      json(outgoing, {})
    })
    const { client, url } = await startRelay({
      keys: { api: keyFor(api.url) },
      limits: { heldPollsPerCaller: 2 },
      authenticate: () => 'ada',
    })
    const { id } = await client.clientSecretRequest({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'GET',
      headers: { authorization: '$CLIENT_SECRET' },
      queue: 'q',
    })
    const leaving = new AbortController()
    const hold = (wait = 20_000, signal: AbortSignal | null = null) =>
      fetch(`${url}/requests?ids=${id}:2.1&wait=${wait}`, { signal })
    while (api.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const held = [hold(), hold(20_000, leaving.signal).catch(() => null)]
    // Whether both are held shows in that the third is not.
    await eventually(async () => {
      const third = await hold(1)
      expect(third.status).toBe(429)
      expect(third.headers.get('retry-after')).toBe('1')
    })
    // Asking without waiting costs nothing to hold.
    expect((await hold(0)).status).toBe(200)
    leaving.abort()
    await eventually(async () => expect((await hold(1)).status).toBe(200))
    open()
    expect((await held[0])?.status).toBe(200)
  })

  /** A relay with requests that nobody answers, whose callers poll for news that there is none of. */
  async function withPolls(options: Partial<RelayOptions>) {
    const never = await startApi(() => {})
    const { submit, url } = await setUp(
      { authenticate: (request) => request.headers.get('user'), administrator: () => true, ...options },
      {},
      never,
    )
    const asked = new Map<string, string>()
    async function idOf(headers: Record<string, string>) {
      const { id } = (await (await submit(headers, { queue: 'q' })).json()) as { id: string }
      asked.set(JSON.stringify(headers), id)
      await eventually(() => expect(never.calls).toHaveLength(asked.size))
      return id
    }
    const leaving = new AbortController()
    onTestFinished(() => leaving.abort())
    async function poll(headers: Record<string, string>, wait: number): Promise<Response> {
      const id = asked.get(JSON.stringify(headers)) ?? (await idOf(headers))
      return fetch(`${url}/requests?ids=${id}:2.1&wait=${wait}`, { headers, signal: leaving.signal })
    }
    const held = async () =>
      Number(/^client_secret_relay_held_polls (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1])
    return {
      /** A poll that is held until the test ends. */
      async hold(headers: Record<string, string>) {
        const before = await held()
        poll(headers, 20_000).catch(() => {})
        await eventually(async () => expect(await held()).toBe(before + 1))
      },
      /** A poll that would be held if there were room for it. */
      async notHeld(headers: Record<string, string>) {
        const from = performance.now()
        const response = await poll(headers, 20_000)
        expect(await response.json()).toEqual({ records: [], errors: [] })
        expect(performance.now() - from).toBeLessThan(10_000)
      },
    }
  }
  const visitor = (name: string) => ({ 'client-session': session(name) })

  test('of visitors half of all at most: one more is answered at once; those of signed-in callers are held', async () => {
    const { hold, notHeld } = await withPolls({ limits: { heldPolls: 4 } })
    await hold(visitor('a'))
    await hold(visitor('b'))
    await notHeld(visitor('c'))
    await hold({ user: 'ada' })
    await hold({ user: 'bob' })
    await notHeld({ user: 'eve' })
  })

  test('of visitors also by their network, where a proxy tells it', async () => {
    const { hold, notHeld } = await withPolls({ limits: { heldPollsPerCaller: 1 }, trustProxy: 1 })
    const from = (name: string, address: string) => ({ ...visitor(name), 'x-forwarded-for': address })
    await hold(from('a', '2001:db8:1:2::1'))
    await notHeld(from('b', '2001:db8:1:2::2'))
    await hold(from('c', '2001:db8:1:3::1'))
  })
})

describe('a direct request whose caller leaves', () => {
  test('is ended, and so is the call of the API; its record says why', async () => {
    const { opened: ended, open: end } = door()
    const api = await startApi((_call, outgoing) => void outgoing.once('close', end))
    const { client, url } = await startRelay({
      keys: { api: keyFor(api.url) },
      limits: { disconnectGracePeriod: 20 },
      authenticate: () => 'ada',
    })
    const leaving = new AbortController()
    const sent = client.send(
      { clientSecretName: 'api', url: `${api.url}/`, method: 'POST', headers: { authorization: '$CLIENT_SECRET' } },
      { signal: leaving.signal },
    )
    sent.catch(() => {})
    while (api.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    leaving.abort()
    await ended
    await eventually(async () => {
      const page = await createClient({ relay: url }).history({})
      expect(page.records).toMatchObject([{ status: 'failed', error: { code: 'ABORTED' } }])
      expect(page.records[0]?.error?.message).toMatch(/The caller disconnected/)
    })
  })

  test('is not ended when the caller comes back in time with the same Idempotency-Key', async () => {
    const { opened, open } = door()
    const api = await startApi(async (_call, outgoing) => {
      await opened
      json(outgoing, { n: 1 })
    })
    const { url } = await startRelay({ keys: { api: keyFor(api.url) }, limits: { disconnectGracePeriod: 2_000 } })
    const body = JSON.stringify({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
    })
    const headers = { 'content-type': 'application/json', 'client-session': session('a'), 'idempotency-key': 'one' }
    const first = httpRequest(`${url}/requests`, { method: 'POST', headers })
    first.on('error', () => {}).end(body)
    while (api.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise((resolve) => first.once('close', resolve).destroy())
    const second = fetch(`${url}/requests`, { method: 'POST', headers, body })
    // Longer than a caller may be away.
    setTimeout(open, 2_200)
    expect(await (await second).json()).toMatchObject({ status: 'resolved', response: { status: 200 } })
    expect(api.calls).toHaveLength(1)
  })
})

describe('the names under which a relay is reached', () => {
  /** A page may not set its Host; a name that was made to point here does. */
  const ask = (url: string, host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const { port } = new URL(url)
      httpRequest(
        {
          port,
          host: '127.0.0.1',
          path: '/requests?limit=1',
          headers: { host, 'client-session': session('a'), origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
        },
        (incoming) => {
          incoming.resume()
          resolve(incoming.statusCode)
        },
      )
        .on('error', reject)
        .end()
    })

  test.each([
    ['localhost', 200],
    ['localhost:8787', 200],
    ['127.0.0.1', 200],
    ['[::1]:8787', 200],
    ['evil.test', 403],
    ['localhost.evil.test', 403],
  ])('a relay of this machine, called as %j: %i', async (host, status) => {
    const served = await serve({ keys: { api: keyFor('http://127.0.0.1:1') } }, { port: 0, host: '127.0.0.1' })
    onTestFinished(() => served.close())
    expect(await ask(served.url, host)).toBe(status)
  })

  test('are those of the option hosts, where it is given', async () => {
    const served = await serve(
      { keys: { api: keyFor('http://127.0.0.1:1') }, hosts: ['relay.example.com'] },
      { port: 0, host: '127.0.0.1' },
    )
    onTestFinished(() => served.close())
    expect(await ask(served.url, 'relay.example.com:443')).toBe(200)
    expect(await ask(served.url, 'localhost')).toBe(403)
  })
})

test('a placeholder that stands in a request more often than any API wants is refused', async () => {
  const { submit, api } = await setUp()
  const refused = await submit({}, { headers: { authorization: '$CLIENT_SECRET '.repeat(21) } })
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({
    error: { message: expect.stringMatching(/more than 20 times/) as string },
  })
  expect(api.calls).toEqual([])
  expect((await submit({}, { headers: { authorization: '$CLIENT_SECRET '.repeat(20) } })).status).toBe(200)
  expect(api.calls[0]?.headers.authorization).toBe(`${canary} `.repeat(20).trim())
})
