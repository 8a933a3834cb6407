import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cuttable } from '../../bench/parts/cuttable.ts'
import { sleep } from '../../src/client/retry-delay.ts'
import type { ClientSecretRecord, PollAnswer } from '../../src/protocol/record.ts'
import { heartbeatTimeout } from '../../src/relay/execution/queue/heartbeat.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { keyFor, startRelay, type TestRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

async function setUp(answer: ApiAnswer, rule: Parameters<typeof keyFor>[1] = {}) {
  const api = await startApi(answer)
  const options: RelayOptions = { keys: { api: keyFor(api.url, rule) }, database: await postgres.database() }
  const sent = (n: number, fields: object = {}) => ({
    clientSecretName: 'api',
    method: 'POST' as const,
    headers: { authorization: '$CLIENT_SECRET' },
    url: `${api.url}/`,
    data: { n },
    ...fields,
  })
  const numbers = () => api.calls.map(({ body }) => (JSON.parse(body) as { n: number }).n)
  return { api, options, sent, numbers }
}

const session = { 'client-session': 'the-same-visitor-at-each-relay' }

/** Sends to a relay as the same visitor, whichever relay it is. */
function visitorOf({ url: mounted }: { url: string }) {
  return {
    async submit(request: object, idempotencyKey?: string): Promise<ClientSecretRecord & { status: string }> {
      const response = await fetch(`${mounted}/requests`, {
        method: 'POST',
        headers: {
          ...session,
          'content-type': 'application/json',
          ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
        },
        body: JSON.stringify(request),
      })
      return (await response.json()) as ClientSecretRecord
    },
    async poll(ids: string, wait = 0): Promise<PollAnswer> {
      return (await (
        await fetch(`${mounted}/requests?ids=${ids}&wait=${wait}`, { headers: session })
      ).json()) as PollAnswer
    },
    async cancel(id: string): Promise<unknown> {
      return (await fetch(`${mounted}/requests/${id}`, { method: 'DELETE', headers: session })).json()
    },
    async settled(id: string): Promise<ClientSecretRecord> {
      for (let version = ''; ;) {
        const { records } = await this.poll(version ? `${id}:${version}` : id, 20_000)
        const record = records[0]
        if (record && !['pending', 'running'].includes(record.status)) return record
        version = record?.version ?? version
      }
    },
  }
}

const answerAtOnce: ApiAnswer = (_call, outgoing) => json(outgoing, {})

test('what has expired is looked for once at a time, also while the database lets nobody write', async () => {
  const { options } = await setUp(answerAtOnce)
  const { relay } = await startRelay(options)
  await relay.ready
  const database = options.database!
  const locker = new pg.Client(database)
  await locker.connect()
  onTestFinished(() => locker.end())
  await locker.query('BEGIN; LOCK TABLE records IN ACCESS EXCLUSIVE MODE')
  for (;;) {
    const waiting = await postgres.query<{ seconds: string }>(
      database,
      `SELECT extract(epoch FROM clock_timestamp() - query_start) AS seconds FROM pg_stat_activity
       WHERE datname = current_database() AND query LIKE 'DELETE FROM records%' AND wait_event_type = 'Lock'`,
    )
    // By then, the next ones would have begun.
    if (!waiting.some(({ seconds }) => Number(seconds) > 3.5)) continue
    expect(waiting).toHaveLength(1)
    break
  }
})

describe('several relays on one Postgres', () => {
  test('keep the order of a queue between them, one at a time', async () => {
    let running = 0
    let maxAtOnce = 0
    const { options, sent, numbers } = await setUp(async (_call, outgoing) => {
      maxAtOnce = Math.max(maxAtOnce, ++running)
      await new Promise((resolve) => setTimeout(resolve, 20))
      running -= 1
      json(outgoing, {})
    })
    const visitors = [visitorOf(await startRelay(options)), visitorOf(await startRelay(options))]
    const ids = []
    for (let n = 0; n < 40; n++) {
      // Now and then the queue runs empty, so that it changes hands.
      if (n % 10 === 9) await visitors[0]!.settled(ids.at(-1)!)
      ids.push((await visitors[n % 2]!.submit(sent(n, { queue: 'q' }))).id)
    }
    for (const id of ids) expect(await visitors[0]!.settled(id)).toMatchObject({ status: 'resolved' })
    expect(numbers()).toEqual(Array.from({ length: 40 }, (_, n) => n))
    expect(maxAtOnce).toBe(1)
  })

  test('give places in the order of the numbers, also when many come at once to each', async () => {
    const { opened, open } = door()
    const { options, sent, numbers } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, {})
    })
    const visitors = [visitorOf(await startRelay(options)), visitorOf(await startRelay(options))]
    const records = await Promise.all(
      Array.from({ length: 40 }, (_, n) => visitors[n % 2]!.submit(sent(n, { queue: 'q' }))),
    )
    expect(new Set(records.map(({ inQueue }) => inQueue)).size).toBe(40)
    open()
    const last = records.find(({ inQueue }) => inQueue === 40)!
    await visitors[1]!.settled(last.id)
    const byPlace = records.map(({ inQueue }, n) => [inQueue!, n] as const).sort(([a], [b]) => a - b)
    expect(numbers()).toEqual(byPlace.map(([, n]) => n))
  })

  test('are quiet when all their places are taken, however much waits', async () => {
    const { api, options, sent } = await setUp(() => {
      // Never answered.
    })
    const visitors = [visitorOf(await startRelay(options)), visitorOf(await startRelay(options))]
    const submits = Array.from({ length: 230 }, (_, n) => visitors[n % 2]!.submit(sent(n, { poll: 1 })))
    await Promise.all(submits)
    await until(() => api.calls.length === 200)
    await sleep(500)
    const ear = new pg.Client(options.database)
    let heard = 0
    ear.on('notification', () => heard++)
    await ear.connect()
    await ear.query('LISTEN client_secret_relay')
    await sleep(1_500)
    await ear.end()
    expect(heard).toBe(0)
    expect(api.calls).toHaveLength(200)
  })

  test('a poll held at one wakes when another settles the record', async () => {
    const doors: (() => void)[] = []
    const { options, sent } = await setUp(async (_call, outgoing) => {
      const { opened, open } = door()
      doors.push(open)
      await opened
      json(outgoing, {})
    })
    const [a, b] = [visitorOf(await startRelay(options)), visitorOf(await startRelay(options))]
    const waits = []
    for (let n = 0; n < 20; n++) {
      const { id } = await a.submit(sent(n, { poll: 1 }))
      await until(() => doors.length === n + 1)
      const [running] = (await b.poll(id)).records
      const held = b.poll(`${id}:${running!.version}`, 20_000)
      await new Promise((resolve) => setTimeout(resolve, 20))
      const started = performance.now()
      doors[n]!()
      expect((await held).records[0]).toMatchObject({ id, status: 'resolved' })
      waits.push(performance.now() - started)
    }
    waits.sort((one, other) => one - other)
    console.log(
      `answered → held poll at another relay: p50 ${waits[10]!.toFixed(1)} ms, p95 ${waits[18]!.toFixed(1)} ms`,
    )
    // Far below the 20 s for which the poll is held.
    expect(waits[10]).toBeLessThan(5_000)
  })

  test('a call that runs at one is ended by a cancel at another', async () => {
    let brokenOff = false
    const { api, options, sent } = await setUp((_call, _outgoing, incoming) => {
      incoming.socket.once('close', () => (brokenOff = true))
    })
    const [a, b] = [visitorOf(await startRelay(options)), visitorOf(await startRelay(options))]
    const { id } = await a.submit(sent(1, { queue: 'q' }))
    await until(() => api.calls.length === 1)
    expect(await b.cancel(id)).toMatchObject({
      removed: true,
      message: expect.stringContaining('ended the API call') as string,
    })
    await until(() => brokenOff)
    expect(await a.settled(id)).toMatchObject({ status: 'cancelled' })
  })

  test('the same idempotency key at two relays at once is one request', async () => {
    const { api, options, sent } = await setUp(answerAtOnce)
    const visitors = [visitorOf(await startRelay(options)), visitorOf(await startRelay(options))]
    for (const fields of [{}, { queue: 'q' }]) {
      const key = JSON.stringify(fields)
      const records = await Promise.all(
        Array.from({ length: 10 }, (_, n) => visitors[n % 2]!.submit(sent(1, fields), key)),
      )
      expect(new Set(records.map(({ id }) => id)).size).toBe(1)
      await visitors[0]!.settled(records[0]!.id)
    }
    expect(api.calls).toHaveLength(2)
  })

  test('one that stops hands its queues to the others at once', async () => {
    const { opened, open } = door()
    const { api, options, sent } = await setUp(async (_call, outgoing) => {
      await opened
      json(outgoing, {})
    })
    const first = await startRelay({ ...options, shutdownTimeout: 50 })
    const a = visitorOf(first)
    const ids = []
    for (const n of [1, 2]) ids.push((await a.submit(sent(n, { queue: 'q', method: 'PUT' }))).id)
    await until(() => api.calls.length === 1)
    const b = visitorOf(await startRelay(options))
    const started = performance.now()
    await first.relay.close()
    await until(() => api.calls.length === 2)
    expect(performance.now() - started).toBeLessThan(5_000)
    open()
    expect(await b.settled(ids[1]!)).toMatchObject({ status: 'resolved' })
    expect(api.calls.map(({ body }) => body)).toEqual(['{"n":1}', '{"n":1}', '{"n":2}'])
  })
})

describe('the tables', () => {
  test('are made once when ten relays start at the same time', async () => {
    const { options, sent } = await setUp(answerAtOnce)
    const relays: TestRelay[] = await Promise.all(Array.from({ length: 10 }, () => startRelay(options)))
    await Promise.all(relays.map(({ relay }) => relay.ready))
    const [first] = relays
    await expect(first!.client.clientSecretRequest({ ...sent(1), queue: 'q', poll: 50 })).resolves.toEqual({})
    expect(relays.flatMap(({ log }) => log.filter(({ level }) => level !== 'info'))).toEqual([])
  })

  test('of a newer relay are left alone, and the start is refused', async () => {
    const { options } = await setUp(answerAtOnce)
    const { relay } = await startRelay(options)
    await relay.ready
    await relay.close()
    const newer = 'UPDATE relay_version SET version = version + 1 RETURNING version'
    const [row] = await postgres.query<{ version: string }>(options.database!, newer)
    const version = Number(row!.version)
    const { relay: older } = await startRelay(options)
    await expect(older.ready).rejects.toThrow(
      `The relay does not start: its database has version ${version}, and this program knows versions up to ${version - 1}.`,
    )
  })

  test('of a Postgres that is not there are asked for in a sentence', async () => {
    const { options } = await setUp(answerAtOnce)
    const { relay } = await startRelay({ ...options, database: 'postgres://relay:hidden@127.0.0.1:1/relay' })
    await expect(relay.ready).rejects.toThrow(/^The relay does not start: its database could not be reached/)
    await expect(relay.ready).rejects.not.toThrow('hidden')
  })
})

describe('a relay that is killed', () => {
  test('is taken over from: what waited runs, a POST that ran is INTERRUPTED, a PUT and a retryable POST run again', async () => {
    const held = new Set<string>()
    const { api, options, sent } = await setUp((call, outgoing) => {
      // The first call of each queue never ends.
      if (held.has(call.path)) return json(outgoing, {})
      held.add(call.path)
    })
    const rules = options.keys!['api']!.allow
    rules.unshift({ url: `${api.url}/retryable`, methods: ['POST'], allowPrivateNetwork: true, retryable: true })
    const victim = await startRelayProcess(options)
    const a = visitorOf(victim)
    const post = [await a.submit(sent(1, { queue: 'q' })), await a.submit(sent(2, { queue: 'q' }))]
    const put = await a.submit(sent(3, { queue: 'q', method: 'PUT', url: `${api.url}/put` }))
    const retryable = await a.submit(sent(4, { queue: 'q', url: `${api.url}/retryable` }))
    const direct = a.submit(sent(5, { url: `${api.url}/direct` }), 'direct').catch(() => null)
    const directPut = sent(6, { method: 'PUT', url: `${api.url}/direct-put` })
    const lostPut = a.submit(directPut, 'direct put').catch(() => null)
    await until(() => api.calls.length === 5)
    await victim.kill()
    await direct
    await lostPut

    // One that lives, and loses its database for 4 s meanwhile.
    const cable = await cuttable(Number(new URL(options.database!).port))
    onTestFinished(() => cable.close())
    const cutOff = visitorOf(await startRelay({ ...options, database: cable.through(options.database!) }))
    await cutOff.submit(sent(7, { queue: 'q', method: 'PUT', url: `${api.url}/cut` }))
    await until(() => api.calls.length === 6)
    const cut = cable.refuse().then(async () => {
      await sleep(4_000)
      await cable.mend()
    })

    const started = performance.now()
    const b = visitorOf(await startRelay(options))
    // Sent again while the claim of the dead one still stands.
    const putAgain = b.submit(directPut, 'direct put')
    expect(await b.settled(put.id)).toMatchObject({ status: 'resolved' })
    const stoodStill = performance.now() - started
    console.log(`a queue stood still for ${Math.round(stoodStill)} ms after kill -9`)
    // Its process has ended, so the others need not wait for its heartbeat.
    expect(stoodStill).toBeLessThan(heartbeatTimeout)
    await cut
    expect(await b.settled(retryable.id)).toMatchObject({ status: 'resolved' })
    expect(await b.settled(post[0]!.id)).toMatchObject({ status: 'failed', error: { code: 'INTERRUPTED' } })
    expect(await b.settled(post[1]!.id)).toMatchObject({ status: 'resolved' })
    // The direct one, which its sender sends again with its key.
    const again = await b.submit(sent(5, { url: `${api.url}/direct` }), 'direct')
    expect(again).toMatchObject({ status: 'failed', error: { code: 'INTERRUPTED' } })
    expect(await putAgain).toMatchObject({ status: 'resolved' })

    const calls = (path: string) => api.calls.filter((call) => call.path === path)
    expect(calls('/').map(({ body }) => body)).toEqual(['{"n":1}', '{"n":2}'])
    expect(calls('/direct')).toHaveLength(1)
    expect(calls('/put')).toHaveLength(2)
    expect(calls('/direct-put')).toHaveLength(2)
    expect(calls('/cut')).toHaveLength(1)
    const keys = calls('/retryable').map(({ headers }) => headers['idempotency-key'])
    expect(keys).toHaveLength(2)
    expect(keys[0]).toMatch(/^\S+$/)
    expect(keys[1]).toBe(keys[0])
  }, 60_000)

  test('and one that only stood still does not overwrite what another has done since', async () => {
    const answers: (() => void)[] = []
    const { options, sent } = await setUp((_call, outgoing) => {
      const run = answers.length + 1
      answers.push(() => json(outgoing, { run }))
    })
    const slow = await startRelayProcess(options)
    const { id } = await visitorOf(slow).submit(sent(1, { queue: 'q', method: 'PUT' }))
    await until(() => answers.length === 1)
    slow.freeze()
    const frozenAt = performance.now()
    const b = visitorOf(await startRelay(options))
    await until(() => answers.length === 2)
    // Its process lives, so the others give it time. Its last heartbeat was up to a second before.
    expect(performance.now() - frozenAt).toBeGreaterThan(heartbeatTimeout - 1_500)
    slow.thaw()
    answers[0]!()
    // It has got the answer of the first by the time it has done another.
    const other = await visitorOf(slow).submit(sent(2, { queue: 'other', method: 'PUT' }))
    await until(() => answers.length === 3)
    answers[2]!()
    await b.settled(other.id)
    expect((await b.poll(id)).records[0]).toMatchObject({ id, status: 'running' })
    answers[1]!()
    expect(await b.settled(id)).toMatchObject({ status: 'resolved', response: { body: '{"run":2}' } })
  }, 60_000)
})

describe('a relay whose clock is ahead', () => {
  test('does not take away what has time to live', async () => {
    const { options, sent } = await setUp(() => {
      // Never answered.
    })
    const relay = await startRelay(options)
    await relay.relay.ready
    await startRelayProcess(options, 60_000)
    const { id } = await visitorOf(relay).submit(sent(1, { queue: 'q', expires: 30 }))
    // Each relay removes what has expired once a second.
    for (const end = performance.now() + 2_500; performance.now() < end; await sleep(100))
      expect((await visitorOf(relay).poll(id)).records).toHaveLength(1)
  }, 60_000)

  test('keeps to the pause that an API has asked another relay for', async () => {
    const { api, options, sent } = await setUp((_call, outgoing) =>
      api.calls.length === 1 ? json(outgoing, {}, 429, { 'retry-after': '8' }) : json(outgoing, {}),
    )
    const relay = await startRelay(options)
    const { id } = await visitorOf(relay).submit(sent(1, { queue: 'q' }))
    await until(() => api.calls.length === 1)
    const other = await startRelayProcess(options, 10_000)
    await relay.relay.close()
    expect(await visitorOf(other).settled(id)).toMatchObject({ status: 'resolved' })
    expect(api.calls[1]!.startedAt - api.calls[0]!.startedAt).toBeGreaterThan(7_900)
  }, 60_000)
})

describe('relays whose clocks are further apart than the request lives', () => {
  test.each([
    ['ahead', 'direct', 60_000, {}],
    ['behind', 'direct', -60_000, {}],
    ['ahead', 'queued', 60_000, { queue: 'q' }],
    ['behind', 'queued', -60_000, { queue: 'q' }],
  ])(
    'send a POST once: the first is %s, the request %s',
    async (_where, _kind, ahead, fields) => {
      const { api, options, sent } = await setUp(answerAtOnce)
      const [first, second] = [visitorOf(await startRelayProcess(options, ahead)), visitorOf(await startRelay(options))]
      const request = sent(1, { ...fields, expires: 30 })
      const { id } = await first.submit(request, 'one')
      for (const visitor of [second, first, second]) {
        expect(await visitor.submit(request, 'one')).toMatchObject({ id })
        expect(await visitor.settled(id)).toMatchObject({ id, status: 'resolved' })
      }
      expect(api.calls).toHaveLength(1)
      expect((await second.poll(id)).records[0]!.expiresAt - Date.now()).toBeLessThan(30_000)
    },
    60_000,
  )
})

describe('a Postgres that goes away', () => {
  test('and comes back has lost nothing: what was answered meanwhile is written, and what was refused can be sent again', async () => {
    const doors: (() => void)[] = []
    const { options, sent, numbers } = await setUp(async (_call, outgoing) => {
      const { opened, open } = door()
      doors.push(open)
      await opened
      json(outgoing, { done: true })
    })
    const relays = [await startRelay(options), await startRelay(options)]
    const [a, b] = relays.map(visitorOf) as [ReturnType<typeof visitorOf>, ReturnType<typeof visitorOf>]
    const first = await a.submit(sent(1, { queue: 'q' }))
    const second = await b.submit(sent(2, { queue: 'q' }))
    await until(() => doors.length === 1)

    await postgres.stop()
    doors[0]!()
    const refused = await a.submit(sent(3, { queue: 'q' }), 'third')
    expect(refused).toMatchObject({ error: { code: 'UNAVAILABLE', retryAfter: 1 } })
    await postgres.start()

    await until(() => doors.length === 2)
    const held = b.poll(`${second.id}:x`, 20_000)
    doors[1]!()
    await held
    expect(await a.settled(first.id)).toMatchObject({ status: 'resolved' })
    expect(await b.settled(second.id)).toMatchObject({ status: 'resolved' })
    const third = await b.submit(sent(3, { queue: 'q' }), 'third')
    await until(() => doors.length === 3)
    doors[2]!()
    await a.settled(third.id)
    expect(numbers()).toEqual([1, 2, 3])
  }, 60_000)
})

describe('300 sends at once', () => {
  const send = (url: string, body: object, caller: string) =>
    fetch(`${url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'client-session': caller.repeat(30) },
      body: JSON.stringify(body),
    }).then(async (response) => ({
      http: response.status,
      ...((await response.json()) as { error?: { code: string } }),
    }))

  test.each([
    ['of one caller under its limit', { limits: { unsettledPerCaller: 20 } }, {}, () => 'a'],
    ['of three callers under the limit of a key', {}, { unsettled: 20 }, (n: number) => 'abc'.charAt(n % 3)],
  ])(
    '%s are 20 that are taken by three relays together, and 280 that are refused',
    async (_, limits, ofKey, caller) => {
      const { api, options, sent } = await setUp(() => {})
      const keys = { api: { ...keyFor(api.url), limits: ofKey } }
      const relays = [1, 2, 3].map(() => startRelay({ ...options, ...limits, keys, shutdownTimeout: 100 }))
      const urls = (await Promise.all(relays)).map(({ url }) => url)
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, n) => send(urls[n % 3]!, sent(n, { queue: `q${n}` }), caller(n))),
      )
      expect(answers.filter(({ http }) => http === 202)).toHaveLength(20)
      const refused = answers.filter(({ http }) => http !== 202)
      expect(new Set(refused.map(({ http, error }) => `${http} ${error?.code}`))).toEqual(new Set(['429 QUEUE_FULL']))
      expect(await postgres.query(options.database!, 'SELECT id FROM records')).toHaveLength(20)
    },
  )
})
