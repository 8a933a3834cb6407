import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openPostgres } from '../../src/relay/database/postgres-database.ts'
import { connectPeerChannel } from '../../src/relay/database/postgres-notify.ts'
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
  const heard = new Promise<void>((resolve) => database.peers.onReceive(() => resolve()))
  // By then all its connections are there.
  await heard
  proxy.swallow()
  const started = performance.now()
  await database.close()
  expect(performance.now() - started).toBeLessThan(5_000)
})

// In a process of its own: if it gets no turn, neither does a time limit in it.
test('a topic that is published after the end is dropped, and keeps nothing busy', async () => {
  const module = new URL('../../src/relay/database/postgres-database.ts', import.meta.url)
  const program = `
    import { openPostgres } from ${JSON.stringify(module.href)}
    const silent = { info() {}, warn() {}, error() {} }
    const database = await openPostgres(${JSON.stringify(await postgres.database())}, silent)
    await new Promise((resolve) => database.peers.onReceive(resolve))
    const closed = database.close()
    database.peers.send(['while it closes'])
    await closed
    database.peers.send(['after the end'])
    setTimeout(() => console.log('had a turn'), 50)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    timeout: 30_000,
    killSignal: 'SIGKILL',
  })
  expect(stdout).toBe('had a turn\n')
})

test('a notification that Postgres refuses is repeated at intervals, and arrives once it is allowed', async () => {
  const address = await postgres.database()
  await postgres.query(address, `CREATE ROLE plain LOGIN PASSWORD 'plain'`)
  await postgres.query(address, 'REVOKE EXECUTE ON FUNCTION pg_notify FROM PUBLIC')
  const heard: unknown[] = []
  const other = connectPeerChannel(() => new pg.Client(address), randomUUID(), silent)
  onTestFinished(() => other.close())
  await new Promise<void>((connected) => other.onReceive(() => connected()))
  other.onReceive((topics) => void heard.push(topics))

  const client = new pg.Client(address.replace('relay:relay', 'plain:plain'))
  const query = vi.spyOn(client, 'query')
  const tries = () => query.mock.calls.filter(([text]) => String(text).includes('pg_notify')).length
  const peers = connectPeerChannel(() => client, randomUUID(), silent)
  onTestFinished(() => peers.close())
  await new Promise<void>((connected) => peers.onReceive(() => connected()))
  const start = performance.now()
  peers.send(['an otter'])
  await expect.poll(tries).toBeGreaterThan(3)
  expect(tries()).toBeLessThan((performance.now() - start) / 100 + 2)
  expect(heard).toEqual([])
  await postgres.query(address, 'GRANT EXECUTE ON FUNCTION pg_notify TO PUBLIC')
  await expect.poll(() => heard).toEqual([['an otter']])
})
