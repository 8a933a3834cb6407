import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { ClientSecretRecord, PollAnswer, QueueCount } from '../../src/protocol/record.ts'
import { consoleLogger } from '../../src/relay/common/logger.ts'
import type { QueueOptions } from '../../src/relay/common/queue-options.ts'
import type { Database } from '../../src/relay/database/database.ts'
import { openPostgres } from '../../src/relay/database/postgres-database.ts'
import { createRecords } from '../../src/relay/database/records.ts'
import { createSharedQueueCalls, type Taken } from '../../src/relay/database/shared-queue-calls.ts'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { door, json, startApi, type ApiAnswer } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { startRelayProcess } from '../helpers/relay-process.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

/** Milliseconds of a minute in these tests. */
const minute = 2_000

interface Job {
  caller: string
  n: number
}

/** Relays with one shared queue, in front of one API: one in memory, or several on Postgres. */
async function setUp(
  relayCount: number,
  queue: Omit<QueueOptions, 'shared'>,
  answer: ApiAnswer,
  more: Partial<RelayOptions> | ((url: string) => Partial<RelayOptions>) = {},
  ofMinute = minute,
) {
  let atOnce = 0
  let mostAtOnce = 0
  const api = await startApi((call, outgoing, incoming) => {
    mostAtOnce = Math.max(mostAtOnce, ++atOnce)
    outgoing.once('close', () => atOnce--)
    return answer(call, outgoing, incoming)
  })
  const options: RelayOptions = {
    keys: { api: keyFor(api.url) },
    queues: { images: { shared: true, ...queue } },
    limits: { requestsPerMinute: 10_000 },
    ...(relayCount > 1 && { database: await postgres.database() }),
    ...(typeof more === 'function' ? more(api.url) : more),
  }
  const relays = await Promise.all(Array.from({ length: relayCount }, () => startRelay(options, ofMinute)))
  await Promise.all(relays.map(({ relay }) => relay.ready))
  const urls = relays.map(({ url }) => url)
  let turn = 0
  const ask = async <Answer>(caller: string, path: string, init: RequestInit = {}) => {
    const headers = { 'content-type': 'application/json', 'client-session': caller.padEnd(32, '-'), ...init.headers }
    const response = await fetch(urls[turn++ % urls.length]! + path, { ...init, headers })
    return (await response.json()) as Answer
  }
  const submit = (caller: string, n: number, fields: object = {}, headers: Record<string, string> = {}) =>
    ask<ClientSecretRecord>(caller, '/requests', {
      method: 'POST',
      headers,
      body: JSON.stringify({
        clientSecretName: 'api',
        method: 'POST',
        url: `${api.url}/`,
        headers: { authorization: '$CLIENT_SECRET' },
        data: { caller, n },
        queue: 'images',
        ...fields,
      }),
    })
  return {
    api,
    options,
    relays,
    urls,
    submit,
    /** One after another, so that their order is known. */
    async submitAll(caller: string, count: number, fields: object = {}) {
      const records = []
      for (let n = 0; n < count; n++) records.push(await submit(caller, n, fields))
      return records
    },
    poll: (caller: string, id: string, wait = 0) => ask<PollAnswer>(caller, `/requests?ids=${id}&wait=${wait}`),
    cancel: (caller: string, id: string) => ask<object>(caller, `/requests/${id}`, { method: 'DELETE' }),
    count: (caller: string) => ask<QueueCount>(caller, '/queues/images'),
    jobs: () => api.calls.map(({ body }) => JSON.parse(body) as Job),
    mostAtOnce: () => mostAtOnce,
  }
}

/** An API that answers when the test says so, the oldest call first. */
function heldCalls() {
  const doors: ReturnType<typeof door>[] = []
  let opened = 0
  const answer: ApiAnswer = async (_call, outgoing) => {
    const mine = door()
    doors.push(mine)
    await mine.opened
    json(outgoing, {})
  }
  return {
    answer,
    arrived: () => doors.length,
    async answerNext() {
      await until(() => doors.length > opened)
      doors[opened++]!.open()
    },
  }
}

const answerSoon: ApiAnswer = (_call, outgoing) => void setTimeout(() => json(outgoing, {}), 5)

/** The numbers of one caller, as they came to the API. */
function numbersOf(caller: string, jobs: Job[]): number[] {
  return jobs.filter((job) => job.caller === caller).map(({ n }) => n)
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

describe.each([
  ['one relay in memory', 1],
  ['three relays on Postgres', 3],
])('a shared queue of %s', (_, relayCount) => {
  test('never has more calls at once than maxConcurrency, and keeps the order of each caller', async () => {
    const { submitAll, api, jobs, mostAtOnce } = await setUp(relayCount, { maxConcurrency: 2 }, answerSoon)
    const callers = upTo(30).map(String)
    await Promise.all(callers.map((caller) => submitAll(caller, 5)))
    await until(() => api.calls.length === 150)
    expect(mostAtOnce()).toBe(2)
    for (const caller of callers) expect(numbersOf(caller, jobs())).toEqual(upTo(5))
  })

  test('runs the requests of one caller one at a time', async () => {
    const calls = heldCalls()
    const { submit, submitAll, jobs } = await setUp(relayCount, { maxConcurrency: 3 }, calls.answer)
    await submitAll('a', 2)
    await submit('a', 2, { method: 'PUT' })
    await submit('b', 0)
    await until(() => calls.arrived() === 2)
    expect(jobs().map(({ caller }) => caller)).toEqual(['a', 'b'])
    for (let n = 0; n < 4; n++) await calls.answerNext()
    expect(numbersOf('a', jobs())).toEqual([0, 1, 2])
  })

  test('never begins more calls in a minute than perMinute, and as many', async () => {
    const { submitAll, api } = await setUp(relayCount, { perMinute: 6 }, answerSoon)
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((caller) => submitAll(caller, 3)))
    await until(() => api.calls.length === 18)
    const times = api.calls.map(({ startedAt }) => startedAt)
    // The 7th call after any other one comes after its minute.
    for (let n = 6; n < times.length; n++) expect(times[n]! - times[n - 6]!).toBeGreaterThan(minute)
  })

  test('gives one job of a caller its turn before 500 that wait', async () => {
    const calls = heldCalls()
    const { submit, jobs } = await setUp(relayCount, { maxConcurrency: 1 }, calls.answer)
    await submit('a', 0)
    await until(() => calls.arrived() === 1)
    await Promise.all(upTo(500).map((n) => submit('a', n)))
    await submit('b', 0)
    await calls.answerNext()
    await until(() => calls.arrived() === 2)
    expect(jobs()[1]!.caller).toBe('b')
  })

  test('lets callers take turns, also one that sends the next before the minute has room', async () => {
    const { submit, submitAll, poll, api, jobs } = await setUp(relayCount, { perMinute: 1 }, answerSoon, {}, 100)
    await submitAll('a', 4)
    const { id } = await submit('b', 0)
    await until(() => api.calls.length === 2)
    while ((await poll('b', id)).records[0]!.status !== 'resolved');
    await submit('b', 1)
    await until(() => api.calls.length === 4)
    expect(jobs().map(({ caller }) => caller)).toEqual(['a', 'b', 'a', 'b'])
  })

  test('with fair: false runs in the order of arrival', async () => {
    const calls = heldCalls()
    const { submit, submitAll, jobs } = await setUp(relayCount, { maxConcurrency: 1, fair: false }, calls.answer)
    await submitAll('a', 3)
    await submit('b', 0)
    for (let n = 0; n < 4; n++) await calls.answerNext()
    expect(jobs().map(({ caller }) => caller)).toEqual(['a', 'a', 'a', 'b'])
  })

  test('tells the true place and count, of all callers, and nothing else of others', async () => {
    const calls = heldCalls()
    const { submit, submitAll, count, poll } = await setUp(relayCount, { maxConcurrency: 1 }, calls.answer)
    const [, second, third] = await submitAll('a', 3)
    await until(() => calls.arrived() === 1)
    expect([second!.inQueue, third!.inQueue]).toEqual([2, 3])
    const ofB = await submit('b', 0)
    // Before the second of a: it is the turn of b.
    expect(ofB.inQueue).toBe(2)
    const placeOf = async (caller: string, id: string) => (await poll(caller, id)).records[0]!.inQueue
    expect([await placeOf('a', second!.id), await placeOf('a', third!.id)]).toEqual([3, 4])
    for (const caller of ['a', 'b', 'c']) expect(await count(caller)).toEqual({ queueName: 'images', inQueue: 4 })
    // The held poll of a caller wakes when the request of another one ends, and a third one runs.
    const ofC = await submit('c', 0)
    expect(ofC.inQueue).toBe(3)
    const seen = (await poll('c', ofC.id)).records[0]!.version
    const held = poll('c', `${ofC.id}:${seen}`, 20_000)
    await calls.answerNext()
    expect((await held).records[0]).toMatchObject({ id: ofC.id, inQueue: 2 })
    await calls.answerNext()
    await calls.answerNext()
    await calls.answerNext()
    await calls.answerNext()
    while ((await count('c')).inQueue > 0);
    expect((await poll('b', second!.id)).errors).toMatchObject([{ error: { code: 'REQUEST_NOT_FOUND' } }])
  })

  test('tells a held poll that a place moves when a request of another caller is cancelled, or expires', async () => {
    const calls = heldCalls()
    const { submit, poll, cancel } = await setUp(relayCount, { maxConcurrency: 1 }, calls.answer)
    await submit('a', 0)
    await until(() => calls.arrived() === 1)
    const [ofB, ofC, ofD] = [await submit('b', 0), await submit('c', 0, { expires: 3 }), await submit('d', 0)]
    const next = async (version: string) => (await poll('d', `${ofD.id}:${version}`, 20_000)).records[0]!
    const held = next(ofD.version)
    await cancel('b', ofB.id)
    const second = await held
    expect([ofC.inQueue, ofD.inQueue, second.inQueue]).toEqual([3, 4, 3])
    expect((await next(second.version)).inQueue).toBe(2)
    await calls.answerNext()
    await calls.answerNext()
  })

  test('tells a place beyond 100 in steps, and truly in each', async () => {
    const calls = heldCalls()
    const { submit, poll } = await setUp(relayCount, { maxConcurrency: 1 }, calls.answer)
    const running = await submit('0', 0)
    await until(() => calls.arrived() === 1)
    const waiting = []
    for (let n = 1; n < 132; n++) waiting.push(await submit(String(n), 0))
    expect(waiting.map(({ inQueue }) => inQueue)).toEqual(waiting.map((_, index) => index + 2))
    await calls.answerNext()
    while ((await poll('0', running.id)).records[0]!.status !== 'resolved');
    await until(() => calls.arrived() === 2)
    // At each relay.
    for (let seen = 0; seen < relayCount;) {
      const { inQueue } = (await poll('131', waiting.at(-1)!.id)).records[0]!
      seen = inQueue === 131 ? seen + 1 : 0
    }
    const news = await Promise.all(waiting.map(({ id, version }, n) => poll(String(n + 1), `${id}:${version}`)))
    const told = news.flatMap(({ records }) => records.map(({ inQueue }) => inQueue))
    expect(told).toEqual([...upTo(101).slice(1), 110, 120, 130])
    for (let n = 0; n < 131; n++) await calls.answerNext()
  })

  test('has at most maxWaiting requests: half of them of visitors, and a tenth of one caller', async () => {
    const calls = heldCalls()
    const { submit, poll, cancel } = await setUp(relayCount, { maxConcurrency: 1, maxWaiting: 20 }, calls.answer, {
      authenticate: ({ headers }) => {
        const id = headers.get('x-user')
        return id ? { id } : null
      },
    })
    const as = (id: string) => ({ 'x-user': id })
    const split = (records: ClientSecretRecord[]) => ({
      accepted: records.filter(({ id }) => id),
      refusals: [
        ...new Set(records.flatMap(({ error }) => error ?? []).map(({ code, message }) => `${code} ${message}`)),
      ],
    })
    // All at once.
    const ofOne = split(await Promise.all(upTo(9).map((n) => submit('a', n))))
    expect(ofOne.accepted).toHaveLength(2)
    expect(ofOne.refusals).toEqual([
      'QUEUE_FULL This caller has 2 unsettled requests in the queue "images", a tenth of its limit (queues.images.maxWaiting). Wait for some of them to settle.',
    ])
    const ofVisitors = split(await Promise.all(upTo(40).map((n) => submit(`visitor ${n}`, 0))))
    expect(ofVisitors.accepted).toHaveLength(8)
    expect(ofVisitors.refusals).toEqual([
      'QUEUE_FULL Visitors have 10 unsettled requests in the queue "images", half of its limit (queues.images.maxWaiting). Sign in, or send the request again later.',
    ])
    const ofUsers = split(await Promise.all(upTo(30).map((n) => submit('u', 0, {}, as(`user ${n}`)))))
    expect(ofUsers.accepted).toHaveLength(10)
    expect(ofUsers.refusals).toEqual([
      'QUEUE_FULL The queue "images" has 20 unsettled requests, its limit (queues.images.maxWaiting). Send the request again later.',
    ])
    // A settled one makes room at once.
    await cancel('a', ofOne.accepted[1]!.id)
    expect((await submit('a', 9)).id).toBeDefined()
    expect((await submit('a', 10)).error).toMatchObject({ code: 'QUEUE_FULL', retryAfter: 10 })
    for (let n = 0; n < 20; n++) await calls.answerNext()
    while ((await poll('a', ofOne.accepted[0]!.id)).records[0]!.status === 'running');
  })

  test('pauses only for the key and the host whose API asks for it', async () => {
    const busy = await startApi((_call, outgoing) => json(outgoing, {}, 503, { 'retry-after': '600' }))
    const { api, submit } = await setUp(relayCount, { maxConcurrency: 1 }, answerSoon, (url) => ({
      keys: { api: keyFor(url), other: keyFor(busy.url) },
    }))
    await submit('a', 0, { clientSecretName: 'other', url: `${busy.url}/` })
    await until(() => busy.calls[0]?.endedAt !== undefined)
    await submit('a', 1, { clientSecretName: 'other', url: `${busy.url}/` })
    await submit('b', 0)
    await submit('b', 1)
    await until(() => api.calls.length === 2)
    expect(busy.calls).toHaveLength(1)
  })

  test('takes no requests with other keys than its own', async () => {
    const { api, submit } = await setUp(relayCount, { maxConcurrency: 1, keys: ['api'] }, answerSoon, (url) => ({
      keys: { api: keyFor(url), other: keyFor(url) },
    }))
    expect(await submit('a', 0, { clientSecretName: 'other' })).toMatchObject({
      error: {
        code: 'INVALID_PARAMETER',
        message:
          'The queue "images" takes no requests with the key "other" (the relay\'s option queues.images.keys). Use another queue, or none.',
      },
    })
    await submit('a', 1)
    await submit('b', 0, { clientSecretName: 'other', queue: 'texts' })
    await until(() => api.calls.length === 2)
  })

  test('gives the visitors of one address one turn together, behind a trusted proxy', async () => {
    const calls = heldCalls()
    const { submit, jobs } = await setUp(relayCount, { maxConcurrency: 1 }, calls.answer, { trustProxy: 1 })
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const places = []
    for (let n = 0; n < 8; n++) places.push((await submit(`many ${n}`, n, {}, from('2001:db8::' + n))).inQueue)
    expect(places).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    await until(() => calls.arrived() === 1)
    expect((await submit('one', 0, {}, from('2001:db8:1::1'))).inQueue).toBe(2)
    for (let n = 0; n < 9; n++) await calls.answerNext()
    expect(jobs()[1]!.caller).toBe('one')
  })

  test('pauses as a whole when the API asks for a pause', async () => {
    const { submit, submitAll, api, jobs } = await setUp(relayCount, { maxConcurrency: 1 }, (_call, outgoing) =>
      api.calls.length === 1 ? json(outgoing, {}, 429, { 'retry-after': '2' }) : json(outgoing, {}),
    )
    await submit('a', 0)
    await until(() => api.calls[0]?.endedAt !== undefined)
    await Promise.all(['b', 'c', 'd'].map((caller) => submitAll(caller, 1)))
    await until(() => api.calls.length === 5)
    expect(api.calls[1]!.startedAt - api.calls[0]!.endedAt!).toBeGreaterThan(1_900)
    // The one that met the pause is first.
    expect(jobs()[1]!.caller).toBe('a')
  })

  test.runIf(relayCount > 1)('goes on with the one that met the pause, also if it took long to note it', async () => {
    const database = await postgres.database()
    const { submit, submitAll, api, jobs } = await setUp(
      relayCount,
      { maxConcurrency: 1 },
      (_call, outgoing) =>
        api.calls.length === 1 ? json(outgoing, {}, 429, { 'retry-after': '1' }) : json(outgoing, {}),
      { database },
    )
    await postgres.query(
      database,
      `CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.3); RETURN NEW; END';
       CREATE TRIGGER late AFTER INSERT ON shared_pauses FOR EACH ROW EXECUTE FUNCTION late()`,
    )
    await submit('a', 0)
    await until(() => api.calls.length === 1)
    await submitAll('b', 1)
    await until(() => api.calls.length === 3)
    expect(jobs()[1]!.caller).toBe('a')
  })

  test('gives back the slot of a cancelled call, and drops cancelled records', async () => {
    const calls = heldCalls()
    const { submit, submitAll, cancel, count, jobs } = await setUp(relayCount, { maxConcurrency: 1 }, calls.answer)
    const [running, waiting] = await submitAll('a', 2)
    await until(() => calls.arrived() === 1)
    await submit('b', 7)
    await cancel('a', waiting!.id)
    expect((await count('b')).inQueue).toBe(2)
    await cancel('a', running!.id)
    await until(() => calls.arrived() === 2)
    expect(jobs()[1]).toEqual({ caller: 'b', n: 7 })
  })
})

describe.each([
  ['SQLite', () => openSqlite()],
  ['Postgres', async () => openPostgres(await postgres.database(), consoleLogger)],
])('places on %s', (_, open) => {
  test('are read once for all who ask at once, and of a long queue not again for each change', async () => {
    const database = await open()
    onTestFinished(() => database.close())
    let readings = 0
    const counted: Database = {
      ...database,
      query: (sql, parameters) => {
        if (sql.includes('ORDER BY round')) readings++
        return database.query(sql, parameters)
      },
    }
    const records = createRecords(counted)
    const turns = createSharedQueueCalls(counted, { window: 61_000, maxSilence: Infinity })
    const queue = {
      name: 'images',
      maxConcurrency: 1,
      perMinute: Infinity,
      maxWaiting: 10_000,
      keys: undefined,
      isFair: false,
    }
    await turns.open(['images'])
    const insert = async (n: number) => {
      const request = {
        clientSecretName: 'api',
        url: 'https://api.example.com/',
        method: 'POST' as const,
        queue: 'images',
      }
      const one = { owner: 'ann', idempotencyKey: String(n), request, lifetime: 600_000, isShared: true }
      return (await records.insert(one, (record, transaction) => turns.addTurn(record, queue, 'ann', transaction)))
        .record
    }
    const waiting = []
    for (let n = 0; n < 500; n++) waiting.push(await insert(n))
    // Also those that came after the reading that serves.
    expect(waiting.map(({ place }) => place)).toEqual(waiting.map((_, index) => index + 1))
    // One for each time that the last one served.
    expect(readings).toBeLessThan(250)
    readings = 0
    const ids = waiting.map(({ id }) => id).slice(0, 200)
    const polls = await Promise.all(upTo(90).map(() => records.summaries('ann', ids)))
    for (const heads of polls) expect(new Set(heads.map(({ place }) => place)).size).toBe(200)
    expect(readings).toBeLessThanOrEqual(2)
  })
})

test('a queue is not starved by calls outside of it when all slots of the relay are taken', async () => {
  const calls = heldCalls()
  const { submit, jobs } = await setUp(1, { maxConcurrency: 1 }, calls.answer, { limits: { backgroundCalls: 2 } })
  for (const n of upTo(6)) await submit('a', n, { queue: undefined, poll: 1 })
  await until(() => calls.arrived() === 2)
  await submit('b', 0)
  for (const n of upTo(5)) {
    await calls.answerNext()
    await until(() => calls.arrived() >= n + 3)
  }
  expect(jobs().findIndex(({ caller }) => caller === 'b')).toBeLessThanOrEqual(3)
  await calls.answerNext()
})

describe('a relay that starts', () => {
  const file = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'shared-queues-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    return join(folder, 'relay.db')
  }

  test('counts the calls of its minute from before', async () => {
    const { api, options, relays, urls, submitAll } = await setUp(1, { perMinute: 3 }, answerSoon, {
      database: await file(),
    })
    await submitAll('a', 5)
    await until(() => api.calls.filter(({ endedAt }) => endedAt).length === 3)
    await relays[0]!.relay.close()
    urls[0] = (await startRelay(options, minute)).url
    await until(() => api.calls.length === 5)
    expect(api.calls[3]!.startedAt - api.calls[0]!.startedAt).toBeGreaterThan(minute)
  })

  test('goes on with the queue of a process that was killed', async () => {
    const calls = heldCalls()
    const { api, options, relays, urls, submit, submitAll, jobs } = await setUp(
      1,
      { maxConcurrency: 1 },
      calls.answer,
      { database: await file() },
    )
    await relays[0]!.relay.close()
    const victim = await startRelayProcess(options)
    urls[0] = victim.url
    await submit('a', 0, { method: 'PUT' })
    await until(() => calls.arrived() === 1)
    await submitAll('b', 2)
    await victim.kill()
    urls[0] = (await startRelay(options, minute)).url
    await submit('a', 1)
    for (let n = 0; n < 5; n++) await calls.answerNext()
    await until(() => api.calls.length === 5)
    expect(numbersOf('a', jobs())).toEqual([0, 0, 1])
    expect(numbersOf('b', jobs())).toEqual([0, 1])
  })

  test('says which queue waits and has no entry any more', async () => {
    const calls = heldCalls()
    const { options, relays, submitAll } = await setUp(1, { maxConcurrency: 1 }, calls.answer, {
      database: await file(),
    })
    await submitAll('a', 3)
    await until(() => calls.arrived() === 1)
    await relays[0]!.relay.close()
    const { relay, log } = await startRelay({ ...options, queues: {} })
    await relay.ready
    expect(log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      '2 requests wait in the shared queue "images", which this relay does not run: its option queues has no entry for it',
    ])
  })
})

test('requests of two shared queues are called once each', async () => {
  const { api, submit, jobs } = await setUp(2, { maxConcurrency: 5 }, (_call, outgoing) => json(outgoing, {}), {
    queues: { images: { shared: true, maxConcurrency: 5 }, texts: { shared: true, maxConcurrency: 5 } },
    database: await postgres.database(),
  })
  const callers = upTo(200).map(String)
  await Promise.all(callers.map((caller) => submit(caller, 0, { queue: Number(caller) % 2 ? 'images' : 'texts' })))
  await until(() => api.calls.length >= 200 && api.calls.every(({ endedAt }) => endedAt))
  // The last one of each queue, after all that may run twice.
  await Promise.all(['images', 'texts'].map((queue) => submit('last', 0, { queue })))
  await until(() => numbersOf('last', jobs()).length === 2)
  expect(jobs().length).toBe(202)
})

test('two relays that count at the same moment start one call, not two', async () => {
  const database = await postgres.database()
  const { api, relays, submit } = await setUp(1, { maxConcurrency: 1 }, answerSoon, { database })
  // Both wait, and no relay runs them.
  const { host } = new URL(api.url)
  await postgres.query(
    database,
    `INSERT INTO shared_pauses VALUES ('images', 'api', '${host}', ${Number.MAX_SAFE_INTEGER})`,
  )
  await submit('a', 0)
  await submit('b', 0)
  await relays[0]!.relay.close()
  await postgres.query(database, 'DELETE FROM shared_pauses')
  await postgres.query(database, `INSERT INTO relays VALUES ('one', ${Date.now()}), ('two', ${Date.now()})`)

  const queue = {
    name: 'images',
    maxConcurrency: 1,
    perMinute: Infinity,
    maxWaiting: 10,
    keys: undefined,
    isFair: true,
  }
  const times = { window: 61_000, maxSilence: 600_000 }
  const opened = [await openPostgres(database, consoleLogger), await openPostgres(database, consoleLogger)] as const
  onTestFinished(async () => void (await Promise.all(opened.map((one) => one.close()))))
  const two = createSharedQueueCalls(opened[1], times)
  let ofTwo: Promise<Taken> | undefined
  // The second one takes between the count of the first one and its write.
  const one = createSharedQueueCalls(
    {
      ...opened[0],
      transaction: (locks, work) =>
        opened[0].transaction(locks, (transaction) =>
          work({
            ...transaction,
            query: async (sql, parameters) => {
              if (sql.startsWith('UPDATE records')) {
                let isDone = false
                ofTwo = two.take(queue, 'two', 1)
                void ofTwo.then(() => (isDone = true))
                const isWaiting = async () =>
                  (await postgres.query(database, 'SELECT pid FROM pg_locks WHERE NOT granted')).length > 0
                while (!isDone && !(await isWaiting()));
              }
              return transaction.query(sql, parameters)
            },
          }),
        ),
    },
    times,
  )
  const taken = [await one.take(queue, 'one', 1), await ofTwo!]
  expect(taken.map(({ calls }) => calls.length)).toEqual([1, 0])
})

test('a relay that stops hands its calls to the others', async () => {
  const calls = heldCalls()
  const database = await postgres.database()
  const { options, relays, urls, submit, jobs } = await setUp(1, { maxConcurrency: 1 }, calls.answer, { database })
  await submit('a', 0, { method: 'PUT' })
  await until(() => calls.arrived() === 1)
  urls[0] = (await startRelay(options, minute)).url
  await submit('b', 0)
  await relays[0]!.relay.close()
  for (let n = 0; n < 3; n++) await calls.answerNext()
  expect(jobs().map(({ caller }) => caller)).toEqual(['a', 'a', 'b'])
})

describe('a relay that is killed', () => {
  test('gives its slots back when the others take it for dead, and each caller keeps its order', async () => {
    const doors = new Map<string, () => void>()
    const { api, options, submit, submitAll, poll, jobs, mostAtOnce, urls } = await setUp(
      2,
      { maxConcurrency: 3 },
      async (call, outgoing) => {
        const { caller, n } = JSON.parse(call.body) as Job
        const isFirst = !doors.has(caller)
        const { open, opened } = door()
        doors.set(caller, open)
        if (n === 0 && isFirst) await opened
        setTimeout(() => json(outgoing, {}), 5)
      },
    )
    const others = urls.splice(0)
    const victim = await startRelayProcess(options)
    urls.push(victim.url)
    const post = await submit('a', 0)
    const put = await submit('b', 0, { method: 'PUT' })
    await until(() => api.calls.length === 2)
    urls.splice(0, 1, ...others)
    const ofC = await submit('c', 0)
    await until(() => api.calls.length === 3)
    const open = doors.get('c')!
    await Promise.all([submitAll('a', 3, { method: 'PATCH' }), submitAll('b', 3), submitAll('d', 1)])
    expect(api.calls).toHaveLength(3)
    await victim.kill()
    // The two slots of the victim.
    await until(() => numbersOf('a', jobs()).length === 4 && numbersOf('b', jobs()).length === 5 && doors.has('d'))
    // The call of c, at a relay that lives, goes on.
    expect((await poll('c', ofC.id)).records[0]).toMatchObject({ status: 'running' })
    open()
    doors.get('d')!()
    while ((await poll('c', ofC.id)).records[0]!.status === 'running');
    expect((await poll('c', ofC.id)).records[0]).toMatchObject({ status: 'resolved' })
    expect((await poll('a', post.id)).records[0]).toMatchObject({ error: { code: 'INTERRUPTED' } })
    expect((await poll('b', put.id)).records[0]).toMatchObject({ status: 'resolved' })
    expect(mostAtOnce()).toBe(3)
    expect(numbersOf('a', jobs())).toEqual([0, 0, 1, 2])
    // The PUT of b again, before the others of b.
    expect(numbersOf('b', jobs())).toEqual([0, 0, 0, 1, 2])
  }, 60_000)
})
