import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { sleep } from '../../src/client/retry-delay.ts'
import type { RelayOptions } from '../../src/relay/options.ts'
import { startApi } from '../helpers/api.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'

const postgres = postgresOfThisFile()

/** A relay on Postgres whose API never answers. */
async function setUp(options: Partial<RelayOptions>, ofKey: object = {}) {
  const api = await startApi(() => {})
  const database = await postgres.database()
  const keys = { api: { ...keyFor(api.url), limits: ofKey } }
  const { url, relay } = await startRelay({ keys, database, ...options })
  await relay.ready
  const headers = (caller: string) => ({ 'content-type': 'application/json', 'client-session': caller.padEnd(32, '-') })
  const send = async (caller: string, queue: string, key?: string) => {
    const response = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: { ...headers(caller), ...(key !== undefined && { 'idempotency-key': key }) },
      body: JSON.stringify({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
        queue,
      }),
    })
    const { error, id } = (await response.json()) as { error?: { code: string }; id?: string }
    return { said: `${response.status} ${error?.code ?? ''}`.trim(), id }
  }
  /** Each insert draws a number, also one that is taken back. */
  const inserts = async () => {
    const [row] = await postgres.query<{ last: string }>(
      database,
      `SELECT last_value AS last FROM pg_sequences WHERE sequencename = 'records_seq_seq'`,
    )
    return Number(row!.last)
  }
  const read = (caller: string) => fetch(`${url}/queues/any`, { headers: headers(caller) })
  return { database, send, inserts, read }
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n)

function countsOf(answers: { said: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { said } of answers) counts[said] = (counts[said] ?? 0) + 1
  return counts
}

test('a burst of sends under a limit, which the database takes long for, leaves connections free, and is QUEUE_FULL', async () => {
  const { database, send, read } = await setUp({}, { unsettled: 20 })
  const locker = new pg.Client(database)
  await locker.connect()
  onTestFinished(() => locker.end())
  await locker.query('BEGIN; LOCK TABLE records IN SHARE ROW EXCLUSIVE MODE')
  const sent = upTo(100).map((n) => send('abc'.charAt(n % 3), `q${n}`))
  const isWaiting = async () => {
    const waiting = await postgres.query(
      database,
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'INSERT INTO records%' AND wait_event_type = 'Lock'`,
    )
    return waiting.length > 0
  }
  while (!(await isWaiting()));
  // Longer than a relay waits for a connection.
  await sleep(5_500)
  const started = performance.now()
  expect((await read('d')).status).toBe(200)
  expect(performance.now() - started).toBeLessThan(4_000)
  await locker.query('COMMIT')
  expect(countsOf(await Promise.all(sent))).toEqual({ '202': 20, '429 QUEUE_FULL': 80 })
})

test('a flood of sends into a full shared queue costs few transactions, and repeats and others get through', async () => {
  const queues = { images: { shared: true, maxConcurrency: 1, maxWaiting: 40 } } as const
  const { send, inserts } = await setUp({ queues })
  const first = await send('a', 'images', 'one')
  for (const _ of upTo(3)) await send('a', 'images')
  const before = await inserts()
  const flood = upTo(200).map(() => send('a', 'images'))
  const [again, other] = await Promise.all([send('a', 'images', 'one'), send('b', 'images')])
  expect(again).toEqual(first)
  expect(other.said).toBe('202')
  expect(countsOf(await Promise.all(flood))).toEqual({ '429 QUEUE_FULL': 200 })
  expect((await inserts()) - before).toBeLessThan(100)
})
