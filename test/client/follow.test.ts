import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createClient, type Client } from '../../src/client/create-client.ts'
import { ClientSecretError } from '../../src/protocol/errors.ts'
import type { ClientSecretRecord, PollAnswer } from '../../src/protocol/record.ts'
import { waitInLine } from '../../src/client/wait-in-line.ts'
import type { Transport } from '../../src/client/transport.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { until, watchedFetch } from '../helpers/watched-fetch.ts'

async function setUp() {
  const doors: ReturnType<typeof door>[] = []
  const api = await startApi(async (call, outgoing) => {
    const mine = door()
    doors.push(mine)
    await mine.opened
    json(outgoing, { n: call.body })
  })
  const { url } = await startRelay({ keys: { api: keyFor(api.url) } })
  const network = watchedFetch()
  const client = createClient({ relay: url, fetch: network.fetch })
  const send = (n: number, fields: object = { poll: 5_000 }) =>
    client.send({
      clientSecretName: 'api',
      url: `${api.url}/`,
      method: 'POST',
      headers: { authorization: '$CLIENT_SECRET' },
      data: { n },
      ...fields,
    })
  /** Sends one that is followed by hand. */
  const queue = async (n: number): Promise<ClientSecretRecord> => {
    const sent = await send(n, { queue: String(n) })
    if (!('record' in sent)) throw new Error('it was answered')
    await until(() => doors.length >= n)
    return sent.record
  }
  return { api, client, network, send, queue, doors }
}

const followAll = (client: Client, records: ClientSecretRecord[]) =>
  records.map((record) => client.follow(record, { interval: 5_000 }))

describe('one poller for all records of a client', () => {
  test('all are asked for in one call, one call at a time; a job shorter than `poll` costs one poll', async () => {
    const { client, network, queue, doors } = await setUp()
    const records = [await queue(1), await queue(2), await queue(3)]
    const answers = followAll(client, records)
    // Their first news is that they run.
    await until(() => network.polls.length >= 2 && network.inFlight === 1)
    for (const { id } of records) expect(network.polls.at(-1)).toContain(id)
    for (const { open } of doors) open()
    expect(await Promise.all(answers)).toMatchObject([
      { data: { n: '{"n":1}' } },
      { data: { n: '{"n":2}' } },
      { data: { n: '{"n":3}' } },
    ])
    expect(network.maxInFlight).toBe(1)
  })

  test.each([{ poll: 1_000 }, { poll: 5_000 }, { poll: 60_000, queue: 'q' }])(
    'a job shorter than `poll` costs two requests, the submit and one held poll: %o',
    async (fields) => {
      const { network, send, doors } = await setUp()
      const answer = send(1, fields)
      await until(() => doors.length === 1 && network.inFlight === 1 && network.polls.length === 1)
      doors[0]!.open()
      await expect(answer).resolves.toMatchObject({ data: { n: '{"n":1}' } })
      expect(network.polls).toHaveLength(1)
    },
  )

  test('`poll` is how long a poll is held at most', async () => {
    const { network, send, doors } = await setUp()
    const answer = send(1, { poll: 700 })
    await until(() => network.polls.length >= 2)
    expect(network.polls.every((url) => url.endsWith('&wait=700'))).toBe(true)
    doors[0]!.open()
    await answer
  })

  test('who joins while a poll is held does not wait for it', async () => {
    const { client, network, queue, doors } = await setUp()
    const [first, second] = [await queue(1), await queue(2)]
    const firstAnswer = client.follow(first, { interval: 20_000 })
    await until(() => network.polls.length >= 2 && network.inFlight === 1)
    const secondAnswer = client.follow(second, { interval: 20_000 })
    doors[1]!.open()
    await expect(secondAnswer).resolves.toMatchObject({ data: { n: '{"n":2}' } })
    doors[0]!.open()
    await firstAnswer
    expect(network.maxInFlight).toBe(1)
  })

  test('who joins with an older version is told what the others know already', async () => {
    const { client, network, queue, doors } = await setUp()
    const record = await queue(1)
    const early = client.follow(record, { interval: 20_000 })
    await until(() => network.polls.length >= 2 && network.inFlight === 1)
    const seen: string[] = []
    const late = client.follow(
      { id: record.id },
      { interval: 20_000, onUpdate: ({ status }) => void seen.push(status) },
    )
    await until(() => seen.length > 0)
    expect(seen).toEqual(['running'])
    doors[0]!.open()
    await Promise.all([early, late])
  })

  test('the last one to leave ends the held poll, and nothing is polled afterwards', async () => {
    const { client, network, queue } = await setUp()
    const record = await queue(1)
    const stopping = new AbortController()
    const followed = client.follow(record, { interval: 20_000, stopSignal: stopping.signal })
    await until(() => network.polls.length >= 2 && network.inFlight === 1)
    stopping.abort()
    expect(await followed).toEqual({ id: record.id, status: 'stopped' })
    await until(() => network.inFlight === 0)
    const polls = network.polls.length
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(network.polls).toHaveLength(polls)
  })

  test('one that is gone ends alone', async () => {
    const { client, network, queue, doors } = await setUp()
    const record = await queue(1)
    const answer = client.follow(record, { interval: 5_000 })
    await expect(client.follow({ id: 'none' })).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND', requestId: 'none' })
    doors[0]!.open()
    await expect(answer).resolves.toMatchObject({ data: { n: '{"n":1}' } })
    expect(network.maxInFlight).toBe(1)
  })

  test('more records than fit into one call take turns', async () => {
    const { client, network, send } = await setUp()
    const ids: string[] = []
    for (let n = 0; n < 130; n++) {
      const sent = await send(n, { queue: 'one' })
      if ('record' in sent) ids.push(sent.record.id)
    }
    const stopping = new AbortController()
    const updates = new Set<string>()
    const followed = ids.map((id) =>
      client.follow(
        { id },
        { interval: 200, stopSignal: stopping.signal, onUpdate: (record) => void updates.add(record.id) },
      ),
    )
    await until(() => updates.size === ids.length)
    stopping.abort()
    await Promise.all(followed)
    expect(network.maxInFlight).toBe(1)
    for (const poll of network.polls) expect(poll.split(',').length).toBeLessThanOrEqual(100)
  })
})

describe('a failed poll never ends the following', () => {
  test('a cut network', async () => {
    const { client, network, queue, doors, api } = await setUp()
    const answer = client.follow(await queue(1), { interval: 100 })
    await until(() => network.polls.length >= 1)
    network.isCut = true
    const before = network.polls.length
    await until(() => network.polls.length >= before + 3)
    network.isCut = false
    doors[0]!.open()
    await expect(answer).resolves.toMatchObject({ data: { n: '{"n":1}' } })
    expect(api.calls).toHaveLength(1)
  })

  test('a 503 with Retry-After is obeyed, also when somebody joins meanwhile', async () => {
    const { client, network, queue, doors } = await setUp()
    const [first, second] = [await queue(1), await queue(2)]
    network.next = new Response('Away', { status: 503, headers: { 'retry-after': '1' } })
    const started = performance.now()
    const answers = [client.follow(first, { interval: 100 })]
    await until(() => network.polls.length === 1 && network.inFlight === 0)
    answers.push(client.follow(second, { interval: 100 }))
    await until(() => network.polls.length >= 2)
    expect(performance.now() - started).toBeGreaterThanOrEqual(990)
    for (const { open } of doors) open()
    await Promise.all(answers)
  })

  test('the waits grow', async () => {
    const { client, network, queue, doors } = await setUp()
    const record = await queue(1)
    network.isCut = true
    const times: number[] = []
    const answer = client.follow(record, { interval: 100 })
    for (let poll = 1; poll <= 4; poll++) {
      await until(() => network.polls.length >= poll)
      times.push(performance.now())
    }
    const waits = times.slice(1).map((time, index) => time - times[index]!)
    // Doubling from 300 ms, each shortened by at most a half: the third is 600 ms at least. A timer may fire a moment early.
    expect(waits[2]).toBeGreaterThan(590)
    network.isCut = false
    doors[0]!.open()
    await answer
  })

  test('but a record that expires while the relay is away has expired', async () => {
    const { client, network, send } = await setUp()
    const sent = await send(1, { queue: 'q', expires: 0.5 })
    if (!('record' in sent)) throw new Error('it was answered')
    network.isCut = true
    await expect(client.follow(sent.record, { interval: 100 })).rejects.toMatchObject({
      code: 'EXPIRED',
      requestId: sent.record.id,
    })
  })

  test('and a clear refusal ends it', async () => {
    const { client, network, queue } = await setUp()
    const record = await queue(1)
    network.next = Response.json({ error: { code: 'SIGN_IN_REQUIRED', message: 'Sign in.' } }, { status: 401 })
    await expect(client.follow(record)).rejects.toMatchObject({
      code: 'SIGN_IN_REQUIRED',
      status: 401,
      message: 'Sign in.',
    })
  })
})

test('a server that answers polls early is not asked more often than the interval', async () => {
  const record = {
    id: 'a',
    status: 'running' as const,
    version: '2',
    createdAt: 0,
    updatedAt: 0,
    expiresAt: Date.now() + 60_000,
  }
  // By a clock that nothing but the waits move, so that a busy machine changes nothing.
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const times: number[] = []
  const client = createClient({
    relay: 'https://relay.example.com',
    fetch: async () => {
      times.push(Date.now())
      const done = {
        ...record,
        status: 'resolved' as const,
        version: '3',
        response: { status: 200, headers: {}, body: 'done' },
      }
      // Unchanged records are no news, though it sends them.
      return Response.json({ records: [times.length < 4 ? record : done], errors: [] } satisfies PollAnswer)
    },
  })
  const updates: string[] = []
  const followed = client.follow(
    { id: 'a', version: '2' },
    { interval: 150, onUpdate: ({ status }) => void updates.push(status) },
  )
  await vi.advanceTimersByTimeAsync(1_000)
  await followed
  expect(times.slice(1).map((time, index) => time - times[index]!)).toEqual([150, 150, 150])
  expect(updates).toEqual(['resolved'])
})

describe('mistakes of the caller end at once', () => {
  test.each([Number.NaN, -1, Infinity, '2s'])('an interval of %s', async (interval) => {
    const { client, network, queue } = await setUp()
    await expect(client.follow(await queue(1), { interval: interval as number })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      path: 'interval',
    })
    expect(network.polls).toEqual([])
  })

  test.each(['', 'a:b', 'a,b', undefined, 7])('an id of %s', async (id) => {
    const { client, network } = await setUp()
    await expect(client.follow({ id: id as string })).rejects.toMatchObject({ code: 'INVALID_PARAMETER', path: 'id' })
    expect(network.polls).toEqual([])
  })

  test('an interval with a fraction is none', async () => {
    const { client, queue, doors } = await setUp()
    const answer = client.follow(await queue(1), { interval: 1000 / 3 })
    doors[0]!.open()
    await expect(answer).resolves.toMatchObject({ data: { n: '{"n":1}' } })
  })

  test('a headers function that throws is told as such, and not tried again', async () => {
    let calls = 0
    const cause = new Error('no session token')
    const client = createClient({
      relay: 'https://relay.example.com',
      headers: () => {
        calls += 1
        throw cause
      },
    })
    const message = 'no session token'
    await expect(
      client.clientSecretRequest({
        clientSecretName: 'a',
        url: 'https://a.example.com',
        method: 'GET',
        headers: { a: '$CLIENT_SECRET' },
      }),
    ).rejects.toMatchObject({ code: 'INTERNAL', message, cause })
    await expect(client.follow({ id: 'a' })).rejects.toMatchObject({ code: 'INTERNAL', message, cause })
    expect(calls).toBe(2)
  })

  test('a transport with a mistake of its own is told as such, and not asked for ever', async () => {
    let polls = 0
    const poll = () => {
      polls += 1
      return Promise.reject(new TypeError('a mistake in the transport'))
    }
    const transport = { isIdempotent: true, poll } as unknown as Transport
    await expect(createClient({ transport }).follow({ id: 'a' })).rejects.toMatchObject({
      code: 'INTERNAL',
      message: 'a mistake in the transport',
      cause: expect.any(TypeError) as TypeError,
    })
    expect(polls).toBe(1)
  })

  test.each([undefined, '', 'relay', 'http://x y'])('a relay of %s', (relay) => {
    expect(() => createClient({ relay: relay as string })).toThrow(
      /relay must be a path such as "\/relay" or an absolute http\(s\) url/,
    )
  })
})

test.each([408, 429, 500, 520, 524])('a proxy that answers %i with a page is passing', async (status) => {
  const { client, network, queue, doors } = await setUp()
  const record = await queue(1)
  network.next = new Response('<h1>Sorry</h1>', { status, headers: { 'content-type': 'text/html' } })
  const answer = client.follow(record, { interval: 100 })
  await until(() => network.polls.length >= 2)
  doors[0]!.open()
  await expect(answer).resolves.toMatchObject({ data: { n: '{"n":1}' } })
})

test('many that join, one after the other, do not keep the others from their answers', async () => {
  const { client, network, queue, send, doors } = await setUp()
  const answer = client.follow(await queue(1), { interval: 20_000 })
  doors[0]!.open()
  // Each poll takes longer than it takes until the next one joins.
  network.delay = 40
  let isAnswered = false
  void answer.then(() => (isAnswered = true))
  const others: Promise<unknown>[] = []
  for (let n = 2; n < 40 && !isAnswered; n++) {
    others.push(send(n, { poll: 20_000 }))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  expect(isAnswered).toBe(true)
  await until(() => doors.length >= others.length + 1)
  for (const { open } of doors) open()
  await Promise.all(others)
})

test('a Retry-After longer than a timer takes is no hot loop', async () => {
  const { client, network, queue } = await setUp()
  const record = await queue(1)
  network.next = new Response('Away', { status: 503, headers: { 'retry-after': '2592000' } })
  const stopping = new AbortController()
  const answer = client.follow(record, { interval: 100, stopSignal: stopping.signal })
  await until(() => network.polls.length === 1 && network.inFlight === 0)
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(network.polls).toHaveLength(1)
  stopping.abort()
  await answer
})

test('a settled record is read without asking', async () => {
  const { client, network, queue, doors } = await setUp()
  const first = await queue(1)
  doors[0]!.open()
  const { record } = (await client.follow(first)) as { record: ClientSecretRecord }
  const polls = network.polls.length
  await expect(client.follow(record)).resolves.toMatchObject({ data: { n: '{"n":1}' } })
  expect(network.polls).toHaveLength(polls)
})

test('a clock that goes wrong expires nothing', async () => {
  const { client, network, send, doors } = await setUp()
  const sent = await send(1, { queue: 'q', expires: 30 })
  if (!('record' in sent)) throw new Error('it was answered')
  const ahead = { ...sent.record, expiresAt: sent.record.expiresAt - 60_000, updatedAt: sent.record.updatedAt - 60_000 }
  network.isCut = true
  const answer = client.follow(ahead, { interval: 100 })
  await until(() => network.polls.length >= 1 && network.inFlight === 0 && doors.length === 1)
  network.isCut = false
  doors[0]!.open()
  await expect(answer).resolves.toMatchObject({ data: { n: '{"n":1}' } })
})

describe('a clock that is set back by an hour stretches no pause of the polling', () => {
  function setBack() {
    const now = Date.now.bind(Date)
    let hours = 0
    vi.spyOn(Date, 'now').mockImplementation(() => now() - hours * 3_600_000)
    onTestFinished(() => void vi.restoreAllMocks())
    return () => void (hours += 1)
  }
  const settled = {
    records: [{ id: 'a', version: '2', status: 'resolved', response: { status: 200, headers: {}, body: '1' } }],
    errors: [],
  }
  const clientOf = (poll: () => Promise<object>) =>
    createClient({ transport: { isIdempotent: true, poll } as unknown as Transport })

  test('while a poll is held', async () => {
    const clock = setBack()
    let polls = 0
    const client = clientOf(() => {
      if (polls++ > 0) return Promise.resolve(settled)
      clock()
      return Promise.resolve({ records: [], errors: [] })
    })
    await expect(client.follow({ id: 'a' }, { interval: 200 })).resolves.toMatchObject({ data: '1' })
    expect(polls).toBe(2)
  })

  test('after a poll that failed', async () => {
    const clock = setBack()
    let polls = 0
    const client = clientOf(() => {
      if (polls++ > 0) return Promise.resolve(settled)
      setTimeout(clock)
      return Promise.reject(new ClientSecretError('NETWORK_ERROR', 'The network is cut.'))
    })
    await expect(client.follow({ id: 'a' }, { interval: 200 })).resolves.toMatchObject({ data: '1' })
    expect(polls).toBe(2)
  })

  test('of a stream in line', async () => {
    const clock = setBack()
    const polls = [{ records: [], errors: [] }, settled]
    const poll = () => {
      clock()
      return Promise.resolve(polls.shift())
    }
    const transport = { poll } as unknown as Transport
    const record = { id: 'a', version: '1', status: 'pending' } as ClientSecretRecord
    await waitInLine(transport, record, 200, new AbortController().signal, () => {})
    expect(polls).toEqual([])
  })
})
