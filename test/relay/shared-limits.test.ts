import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { consoleLogger } from '../../src/relay/common/logger.ts'
import { createLimitCounts } from '../../src/relay/database/limit-counts.ts'
import { openPostgres } from '../../src/relay/database/postgres-database.ts'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import type { KeyLimits } from '../../src/relay/keys/key.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { json, startApi } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

const postgres = postgresOfThisFile()

/** So many relays, in memory or on one Postgres, whose API answers with 1,000 bytes. */
async function setUp(relayCount: number, limits: RelayOptions['limits'], ofKey: KeyLimits = {}) {
  const api = await startApi((_call, outgoing) => json(outgoing, { text: 'x'.repeat(1_000) }))
  const database = relayCount > 1 ? await postgres.database() : undefined
  const options = { keys: { api: { ...keyFor(api.url), limits: ofKey } }, limits, database }
  const relays = await Promise.all(Array.from({ length: relayCount }, () => startRelay(options)))
  await Promise.all(relays.map(({ relay }) => relay.ready))
  /** The status, and Retry-After. */
  const send = async (n: number, caller = 'a', fields: object = {}) => {
    const response = await fetch(`${relays[n % relayCount]!.url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'client-session': caller.repeat(30) },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        ...fields,
      }),
    })
    await response.text()
    return { status: response.status, retryAfter: Number(response.headers.get('retry-after')) }
  }
  return { api, database, send }
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)
const accepted = (answers: { status: number }[]) => answers.filter(({ status }) => status === 200).length

describe.each([
  ['one relay in memory', 1],
  ['three relays on Postgres', 3],
])('%s', (_, relayCount) => {
  test.each([
    ['a caller', { requestsPerMinute: 20 }, {}, () => 'a'],
    ['a key', {}, { requestsPerMinute: 20 }, (n: number) => 'abc'.charAt(n % 3)],
  ])('let through as many requests of %s in a minute as its limit says', async (_, limits, ofKey, callerOf) => {
    const atOnce = await setUp(relayCount, limits, ofKey)
    const answers = await Promise.all(upTo(90).map((n) => atOnce.send(n, callerOf(n))))
    expect(accepted(answers)).toBe(20)
    for (const { retryAfter } of answers.filter(({ status }) => status === 429)) {
      expect(retryAfter).toBeGreaterThan(50)
      expect(retryAfter).toBeLessThanOrEqual(60)
    }
    // One relay after the other: the last ones have seen none of them.
    const inTurn = await setUp(relayCount, limits, ofKey)
    let count = 0
    for (const relay of upTo(relayCount))
      for (let n = 0; n < 30; n++) count += accepted([await inTurn.send(relay, callerOf(n))])
    expect(count).toBe(20)
    expect((await inTurn.send(0, 'z')).status).toBe(callerOf(1) === 'a' ? 200 : 429)
  })

  test.each([
    ['a caller', { bytesPerDay: 2_500 }, {}],
    ['a key', {}, { bytesPerDay: 2_500 }],
  ])('count the bytes of answers of all relays for %s', async (_, limits, ofKey) => {
    const { send, api } = await setUp(relayCount, limits, ofKey)
    // The relay counts an answer just after it.
    for (let n = 0; (await send(n)).status === 200; n++) await sleep(30)
    expect(api.calls).toHaveLength(3)
    expect((await send(1)).retryAfter).toBeGreaterThan(86_000)
  })
})

test('the bytes of an answer count for its key, also when another relay has accepted the request', async () => {
  const { api, database, send } = await setUp(3, {}, { bytesPerDay: 100_000 })
  for (let n = 0; n < 9; n++) await send(0, 'a', { queue: `q${n}` })
  await until(() => api.calls.filter(({ endedAt }) => endedAt).length === 9)
  const counted = async () => {
    const [row] = await postgres.query<{ count: string }>(database!, 'SELECT max(count) AS count FROM limit_counts')
    return Number(row!.count)
  }
  while ((await counted()) < 9 * 1_000);
})

test('a flood of refused calls costs no statements', async () => {
  const { database, send } = await setUp(3, { requestsPerMinute: 5 })
  const counted = async () => (await postgres.query<{ count: string }>(database!, 'SELECT count FROM limit_counts'))[0]!
  await Promise.all(upTo(30).map((n) => send(n)))
  const before = await counted()
  await Promise.all(upTo(300).map((n) => send(n)))
  expect(await counted()).toEqual(before)
})

describe.each([
  ['SQLite', () => openSqlite()],
  ['Postgres', async () => openPostgres(await postgres.database(), consoleLogger)],
])('counts on %s', (_, open) => {
  test('are exact among many at once, end together, and are removed at their end', async () => {
    const database = await open()
    onTestFinished(() => database.close())
    const relays = upTo(5).map(() => createLimitCounts(database))
    const add = (n: number, duration: number) => relays[n % 5]!.add({ name: `name ${n % 7}`, points: 2, duration })
    const all = await Promise.all(upTo(700).map((n) => add(n, 400)))
    for (const name of upTo(7)) {
      const counts = all.filter((_, n) => n % 7 === name).map(({ count }) => count)
      expect(counts.sort((one, other) => one - other)).toEqual(upTo(100).map((n) => 2 * (n + 1)))
    }
    for (const { left } of all) {
      expect(left).toBeGreaterThan(-100)
      expect(left).toBeLessThanOrEqual(400)
    }
    await sleep(450)
    expect(await add(0, 60_000)).toMatchObject({ count: 2 })
    await relays[0]!.removeOld()
    expect(await database.query('SELECT name FROM limit_counts')).toEqual([{ name: 'name 0' }])
  })

  test('are read, not written, for an addition of zero', async () => {
    const database = await open()
    onTestFinished(() => database.close())
    const counts = createLimitCounts(database)
    const add = (name: string, points: number, duration = 60_000) => counts.add({ name, points, duration })
    expect(await add('a', 0)).toEqual({ count: 0, left: 0 })
    expect(await database.query('SELECT name FROM limit_counts')).toEqual([])
    const both = await Promise.all([add('b', 3), add('a', 0), add('b', 0), add('c', 1, 1)])
    expect(both.map(({ count }) => count)).toEqual([3, 0, 3, 1])
    const { count, left } = await add('b', 0)
    expect(count).toBe(3)
    expect(left).toBeGreaterThan(50_000)
    while ((await add('c', 0)).count > 0);
    expect(await database.query('SELECT name FROM limit_counts ORDER BY name')).toEqual([{ name: 'b' }, { name: 'c' }])
  })
})
