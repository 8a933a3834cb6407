import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { serve } from '../../src/command/serve.ts'
import { createBytesInFlight } from '../../src/relay/common/bytes-in-flight.ts'
import type { RelayLimits } from '../../src/relay/common/relay-limits.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const visitor = (name: string) => ({ 'client-session': name.repeat(30) })
const ada = { user: 'ada' }

interface Call {
  outgoing: ClientRequest
  /** Its status; undefined when it has none. */
  status: Promise<number | undefined>
  /** Reads the answer; before that, nothing of its body is read. */
  read(): Promise<{ error?: { code: string; message: string }; response?: { body: string }; records?: unknown[] }>
}

/** A relay, and calls of it whose bodies and answers are on their way for as long as the test wants. */
async function setUp(limits: RelayLimits, answer?: ApiAnswer) {
  const api = await startApi(answer)
  const { url } = await startRelay({
    keys: { api: keyFor(api.url) },
    authenticate: (request) => request.headers.get('user'),
    administrator: () => true,
    limits,
  })

  function call(method: string, path: string, headers: Record<string, string | number>): Call {
    const outgoing = httpRequest(`${url}${path}`, { method, agent: false, headers })
    const answered = new Promise<IncomingMessage | undefined>((resolve) => {
      outgoing.on('response', resolve)
      outgoing.on('error', () => resolve(undefined))
    })
    onTestFinished(() => void outgoing.destroy())
    outgoing.flushHeaders()
    return {
      outgoing,
      status: answered.then((incoming) => incoming?.statusCode),
      async read() {
        let text = ''
        for await (const chunk of (await answered)!.setEncoding('utf8')) text += chunk
        return JSON.parse(text) as never
      },
    }
  }
  /** A submit of which nothing but its headers is sent. */
  const announce = (who: Record<string, string>, length?: number, idempotencyKey?: string) =>
    call('POST', '/requests', {
      ...who,
      'content-type': 'application/json',
      ...(length !== undefined && { 'content-length': length }),
      ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
    })

  return {
    api,
    relayUrl: url,
    call,
    announce,
    send(who: Record<string, string>, fields: object = {}, idempotencyKey?: string) {
      const body = JSON.stringify({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        ...fields,
      })
      const sent = announce(who, Buffer.byteLength(body), idempotencyKey)
      sent.outgoing.end(body)
      return sent
    },
    async bytes() {
      const text = await (await fetch(`${url}/metrics`)).text()
      return Number(/^client_secret_relay_bytes_in_flight (\d+)$/m.exec(text)?.[1])
    },
  }
}

describe('bodies that are on their way', () => {
  // Room for two bodies of a caller, and for three of visitors.
  const limits = {
    requestBytes: 200_000,
    responseBytes: 1_000,
    bytesInFlightPerCaller: 540_000,
    bytesInFlight: 1_700_000,
  }

  test('are refused where there is no room for them, before they are read; a caller who is signed in has room', async () => {
    const { announce, bytes } = await setUp(limits)
    const first = announce(visitor('a'), 200_000)
    announce(visitor('a'), 200_000)
    await eventually(async () => expect(await bytes()).toBe(2 * (200_000 + 65_536)))

    const third = announce(visitor('a'), 200_000)
    expect(await third.status).toBe(429)
    expect(await third.read()).toMatchObject({
      error: {
        code: 'RATE_LIMITED',
        message: expect.stringMatching(/bytesInFlightPerCaller/) as string,
        retryAfter: 1,
      },
    })
    announce(visitor('b'), 200_000)
    await eventually(async () => expect(await bytes()).toBe(3 * (200_000 + 65_536)))
    const fourth = announce(visitor('c'), 200_000)
    expect(await fourth.status).toBe(503)
    expect(await fourth.read()).toMatchObject({
      error: { code: 'UNAVAILABLE', message: expect.stringMatching(/limits\.bytesInFlight\b/) as string },
    })
    announce(ada, 200_000)
    await eventually(async () => expect(await bytes()).toBe(4 * (200_000 + 65_536)))

    // Who leaves makes room.
    first.outgoing.destroy()
    await eventually(async () => expect(await bytes()).toBe(3 * (200_000 + 65_536)))
    announce(visitor('a'), 200_000)
    await eventually(async () => expect(await bytes()).toBe(4 * (200_000 + 65_536)))
  })

  test('that do not say how large they are count as the largest', async () => {
    const { announce, bytes } = await setUp(limits)
    announce(visitor('a')).outgoing.write('{')
    announce(visitor('a')).outgoing.write('{')
    await eventually(async () => expect(await bytes()).toBe(2 * (200_000 + 65_536)))
    expect(await announce(visitor('a')).status).toBe(429)
  })

  test('of many values count with what these take, before they are read as JSON', async () => {
    const { send, api } = await setUp(limits)
    const full = send(ada, { data: { list: Array.from({ length: 10_000 }, () => ({})) } })
    expect(await full.status).toBe(429)
    expect(api.calls).toEqual([])
    expect(await send(ada, { data: { text: 'x'.repeat(30_000) } }).status).toBe(200)
  })
})

describe('answers', () => {
  const megabytes = 9_000_000
  const large: ApiAnswer = (_call, outgoing) => json(outgoing, 'x'.repeat(megabytes))
  // Room for two answers of a caller.
  const limits = { requestBytes: 10_000, bytesInFlightPerCaller: 22_000_000, bytesInFlight: 60_000_000 }

  test.each(['POST', 'GET'])(
    'of %s wait at their API until those before them were read; none is lost, and others are served',
    async (method) => {
      let taken = 0
      const { send, bytes, api } = await setUp(limits, (call, outgoing) => {
        outgoing.once('finish', () => taken++)
        if (call.path === '/small') json(outgoing, {})
        else void large(call, outgoing, undefined as never)
      })
      const calls = Array.from({ length: 6 }, () => send(visitor('a'), { method }))
      await eventually(() => expect(api.calls).toHaveLength(6))
      expect(await Promise.race(calls.map(({ status }) => status))).toBe(200)
      // For one turn, an answer counts twice: for its call, and for its caller.
      await eventually(async () => expect(await bytes()).toBeLessThan(23_000_000))
      // What is not taken from an API stays in its hands, but for what the system keeps of it.
      expect(taken).toBeLessThan(4)
      const other = send(ada, { url: `${api.url}/small` })
      expect(await other.status).toBe(200)
      const answers = await Promise.all(calls.map((one) => one.read()))
      expect(answers.map(({ response }) => response?.body.length)).toEqual(Array(6).fill(megabytes + 2))
      await eventually(async () => expect(await bytes()).toBe(0))
    },
  )

  test.each([
    ['GET', {}],
    ['POST', {}],
    ['POST', { queue: 'q' }],
  ])('of one %s with %j that is sent many times wait for each other too', async (method, fields) => {
    const { send, bytes, api } = await setUp(limits, large)
    await send(visitor('a'), { method, ...fields }, 'one').read()
    await eventually(async () => expect(await bytes()).toBe(0))
    const calls = Array.from({ length: 6 }, () => send(visitor('a'), { method, ...fields }, 'one'))
    expect(await Promise.race(calls.map(({ status }) => status))).toBe(200)
    await eventually(async () => expect(await bytes()).toBeGreaterThan(2 * megabytes))
    expect(await bytes()).toBeLessThan(22_000_000)
    const answers = await Promise.all(calls.map((one) => one.read()))
    expect(answers.map(({ response }) => response?.body.length)).toEqual(Array(6).fill(megabytes + 2))
    expect(api.calls).toHaveLength(1)
  })

  test('that are polled count until they are read', async () => {
    const { send, call, bytes } = await setUp(limits, large)
    const { id } = (await send(visitor('a'), { queue: 'q' }).read()) as unknown as { id: string }
    const poll = () => call('GET', `/requests?ids=${id}`, visitor('a'))
    const polls: Call[] = []
    await eventually(async () => {
      const one = poll()
      one.outgoing.end()
      expect(await one.status).toBe(200)
      polls.push(one)
      expect(await bytes()).toBeGreaterThan(megabytes)
    })
    for (let n = 0; n < 5; n++) {
      polls.push(poll())
      polls.at(-1)!.outgoing.end()
    }
    expect(await polls[1]!.status).toBe(200)
    expect(await bytes()).toBeLessThan(32_000_000)
    const answers = await Promise.all(polls.map((one) => one.read()))
    expect(answers.every(({ records }) => records?.length === 1)).toBe(true)
    await eventually(async () => expect(await bytes()).toBe(0))
  })

  test('whose caller leaves count no more', async () => {
    const { send, call, bytes } = await setUp(limits, large)
    const sent = send(visitor('a'))
    expect(await sent.status).toBe(200)
    expect(await bytes()).toBeGreaterThan(megabytes)
    sent.outgoing.destroy()
    await eventually(async () => expect(await bytes()).toBe(0))

    const head = call('HEAD', '/requests', visitor('a'))
    head.outgoing.end()
    expect(await head.status).toBe(200)
    expect(await bytes()).toBe(0)
  })
})

test('after every kind of end nothing is counted any more', async () => {
  const { opened, open } = door()
  const { send, bytes, api } = await setUp(
    { disconnectGracePeriod: 1, upstreamTimeout: 500 },
    async ({ path }, outgoing) => {
      if (path === '/broken') return void outgoing.destroy()
      if (path === '/later') await opened
      if (path !== '/never') json(outgoing, {}, path === '/teapot' ? 418 : 200)
    },
  )
  const to = (path: string, fields: object = {}) => send(visitor('a'), { url: `${api.url}${path}`, ...fields })
  const left = to('/later')
  await eventually(() => expect(api.calls).toHaveLength(1))
  left.outgoing.destroy()
  const ends = [
    to('/'),
    to('/teapot'),
    to('/broken'),
    to('/never'),
    to('/', { method: 'JUMP' }),
    to('/', { clientSecretName: 'none' }),
    to('/', { queue: 'q' }),
  ]
  expect(await Promise.all(ends.map(({ status }) => status))).toEqual([200, 200, 200, 200, 400, 404, 202])
  open()
  await eventually(async () => expect(await bytes()).toBe(0))
})

/** Submits a direct request to a relay of `serve`. */
const submitTo = (url: string, api: string) =>
  fetch(`${url}/relay/requests`, {
    method: 'POST',
    headers: { ...visitor('a'), 'content-type': 'application/json' },
    body: JSON.stringify({
      clientSecretName: 'api',
      url: `${api}/`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
    }),
  })

test('an answer that its caller reads slowly is not cut off by a relay that stops', async () => {
  const text = 'an otter that swims, and so on.\n'.repeat(500_000)
  const api = await startApi((_call, outgoing) => void outgoing.end(text))
  const { url, close } = await serve(
    { keys: { api: keyFor(api.url) }, limits: { responseBytes: 2 ** 25 } },
    { port: 0, host: '127.0.0.1' },
  )
  const submitted = await submitTo(url, api.url)
  const closed = close()
  // Without the wait for its readers, the relay is closed long before.
  await Promise.race([closed, sleep(2_000)])
  expect(((await submitted.json()) as { response: { body: string } }).response.body.length).toBe(text.length)
  await closed
})

test('a relay that stops says in its last answers that their connections close', async () => {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, {})
  })
  const { url, close } = await serve({ keys: { api: keyFor(api.url) } }, { port: 0, host: '127.0.0.1' })
  const answer = submitTo(url, api.url)
  await eventually(() => expect(api.calls).toHaveLength(1))
  const closed = close()
  open()
  const { status, headers } = await answer
  expect([status, headers.get('connection')]).toEqual([200, 'close'])
  await closed
})

const line = 'an otter that swims, and so on.\n'
test.each([
  ['lines', line.repeat(3_750), false],
  // Held until its end, because each part of it may be a secret in base64. It waits until there is room.
  ['a long word', 'QUJD'.repeat(125_000), true],
])('a stream of %s gets through where the answers of others have taken all the room', async (_name, text, waits) => {
  const { opened, open } = door()
  const limits = {
    requestBytes: 1_000,
    responseBytes: 200_000,
    bytesInFlightPerCaller: 500_000,
    disconnectGracePeriod: 10,
  }
  const { api, bytes, relayUrl } = await setUp(limits, async ({ path }, outgoing) => {
    if (path === '/first') return void outgoing.write(line.repeat(13_500))
    await opened
    outgoing.end(text)
  })
  const client = createClient({ relay: relayUrl })
  const send = (path: string) =>
    client.fetchWith('api')(`${api.url}${path}`, { method: 'POST', headers: { authorization: '$CLIENT_SECRET' } })
  const second = send('/second')
  await eventually(() => expect(api.calls).toHaveLength(1))
  const first = await send('/first')
  await eventually(async () => expect(await bytes()).toBeGreaterThan(490_000))
  const before = await bytes()
  open()
  const got = (await second).text()
  if (waits) {
    // The beginning alone needs no permission.
    await eventually(async () => expect(await bytes()).toBeGreaterThan(before + 100_000))
    await first.body!.cancel()
  }
  expect(await got).toBe(text)
  await first.body!.cancel().catch(() => {})
})

test('callers that join one request, so many that they take the room of their answers, get them one after another', async () => {
  const { opened, open } = door()
  // The 20 wait with 64 KiB each; the room of an answer is 256 KiB.
  const limits = { requestBytes: 2_000, responseBytes: 2 ** 18, bytesInFlightPerCaller: 22 * 2 ** 16 }
  const { api, send, bytes } = await setUp(limits, async (_call, outgoing) => {
    await opened
    json(outgoing, { text: 'x'.repeat(100_000) })
  })
  const calls = Array.from({ length: 20 }, () => send(visitor('a'), {}, 'the same'))
  await eventually(async () => expect(await bytes()).toBeGreaterThan(20 * 2 ** 16))
  open()
  const answers = await Promise.all(calls.map((call) => call.read()))
  expect(answers.filter(({ response }) => response!.body.length > 100_000)).toHaveLength(20)
  expect(api.calls).toHaveLength(1)
})

describe('room', () => {
  const never = new AbortController().signal
  /** What has got room, in order. */
  const inLine = () => {
    const got: string[] = []
    const { open } = createBytesInFlight({ bytesInFlight: 200, bytesInFlightPerCaller: 60 })
    const ask = (name: string, owner: string, bytes: number, signal = never) => {
      const room = open(owner)
      room.wait(bytes, signal).then(
        () => got.push(name),
        () => got.push(`${name} left`),
      )
      return room
    }
    const settled = () => new Promise((resolve) => setImmediate(resolve))
    return { got, ask, open, settled }
  }

  test('is got in the order of asking; for what a caller lacks nobody else waits', async () => {
    const { got, ask, settled } = inLine()
    const first = ask('1', 'visitor:a', 60)
    ask('2', 'visitor:a', 20)
    ask('3', 'visitor:b', 40)
    // The share of visitors is full.
    ask('4', 'visitor:c', 10)
    ask('5', 'user:a', 60)
    await settled()
    expect(got).toEqual(['1', '3', '5'])
    first.leave()
    await settled()
    expect(got).toEqual(['1', '3', '5', '2', '4'])
  })

  test('of visitors is half, also where they have come to hold more; the other half is there for whoever is signed in', () => {
    const { open } = createBytesInFlight({ bytesInFlight: 200, bytesInFlightPerCaller: 300 })
    open('visitor:a').hold(250)
    expect(() => open('visitor:b').demand(1)).toThrow(/limits.bytesInFlight\)/)
    const ada = open('user:ada')
    ada.demand(100)
    expect(() => ada.demand(1)).toThrow(/limits.bytesInFlight\)/)
  })

  test('is got by one answer at a time while the requests that wait for their answers take all of it', async () => {
    const { got, ask, open, settled } = inLine()
    open('visitor:a').demand(60)
    open('visitor:b').demand(40)
    const [first, second] = ['1', '2', '3'].map((name) => ask(name, 'visitor:a', 50))
    await settled()
    expect(got).toEqual(['1'])
    first!.leave()
    await settled()
    expect(got).toEqual(['1', '2'])
    second!.leave()
    await settled()
    expect(got).toEqual(['1', '2', '3'])
  })

  test('that is left while it is waited for is not got any more', async () => {
    const { got, ask, settled } = inLine()
    const first = ask('1', 'visitor:a', 60)
    ask('2', 'visitor:a', 60).leave()
    first.leave()
    ask('3', 'visitor:a', 60)
    await settled()
    expect([...got].sort()).toEqual(['1', '2 left', '3'])
  })

  test('that somebody stops waiting for is left to those behind', async () => {
    const { got, ask, settled } = inLine()
    const leaving = new AbortController()
    ask('1', 'visitor:a', 60)
    ask('2', 'visitor:b', 50, leaving.signal)
    ask('3', 'visitor:c', 40)
    await settled()
    expect(got).toEqual(['1'])
    leaving.abort(new Error('gone'))
    await settled()
    expect([...got].sort()).toEqual(['1', '2 left', '3'])
  })
})
