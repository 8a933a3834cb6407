import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres } from '../../src/relay/database/postgres-database.ts'
import { losingProxy } from '../helpers/losing-proxy.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'

const postgres = postgresOfThisFile()
const silent = { info: () => {}, warn: () => {}, error: () => {} }

/** What nobody has caught, which would end the process. */
function uncaught(): unknown[] {
  const errors: unknown[] = []
  const others = process.rawListeners('uncaughtException') as NodeJS.UncaughtExceptionListener[]
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => void errors.push(error))
  onTestFinished(() => {
    process.removeAllListeners('uncaughtException')
    for (const other of others) process.on('uncaughtException', other)
  })
  return errors
}

test('a connection that Postgres ends at the moment at which a waiting transaction gets it is an error of that transaction alone', async () => {
  const address = await postgres.database()
  const proxy = await losingProxy(address)
  const database = await openPostgres(proxy.database, silent)
  onTestFinished(() => database.close())
  const errors = uncaught()
  const other = new pg.Client(address)
  await other.connect()
  onTestFinished(() => other.end())
  await other.query('SELECT pg_advisory_lock(1)')
  // All connections that there are.
  const working = Array.from({ length: 8 }, () => database.query('SELECT pg_advisory_xact_lock(1)'))
  const waiting = Promise.allSettled(
    Array.from({ length: 8 }, () => database.transaction([], ({ query }) => query('SELECT 1'))),
  )
  for (;;) {
    const asked = await postgres.query(address, `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)
    if (asked.length === 8) break
  }
  proxy.endWithAnswers()
  await other.query('SELECT pg_advisory_unlock(1)')
  await Promise.all(working)
  for (const ended of await waiting)
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } })
  expect(errors).toEqual([])
})

test('a database that is cut off while it is closed is not waited for', async () => {
  const proxy = await losingProxy(await postgres.database())
  const database = await openPostgres(proxy.database, silent)
  const heard = new Promise<void>((resolve) => database.signals.onReceive(() => resolve()))
  // By then all its connections are there.
  await heard
  proxy.swallow()
  const started = performance.now()
  await database.close()
  expect(performance.now() - started).toBeLessThan(5_000)
})
