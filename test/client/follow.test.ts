import { describe, expect, test } from 'vitest'
import { createClient, type Client } from '../../src/client/create-client.ts'
import type { ClientSecretRecord, PollAnswer } from '../../src/protocol/record.ts'
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
    expect(network.mostInFlight).toBe(1)
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
    expect(network.mostInFlight).toBe(1)
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
    expect(network.mostInFlight).toBe(1)
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
    expect(network.mostInFlight).toBe(1)
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
    // Doubling from 300 ms, each shortened by at most a half: the third is 600 ms at least, the first 300 at most.
    expect(waits[0]).toBeLessThan(400)
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
  const times: number[] = []
  const client = createClient({
    relay: 'https://relay.example.com',
    fetch: async () => {
      times.push(performance.now())
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
  await client.follow({ id: 'a', version: '2' }, { interval: 150, onUpdate: ({ status }) => void updates.push(status) })
  const waits = times.slice(1).map((time, index) => time - times[index]!)
  for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(145)
  expect(updates).toEqual(['resolved'])
})
