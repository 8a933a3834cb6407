import { performance } from 'node:perf_hooks'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import { door, json, startApi } from '../helpers/api.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { until } from '../helpers/watched-fetch.ts'

function file(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlite-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'relay.db')
}

/** Another connection, as another process has one. */
function otherProcess(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  return database
}

test('what waits for another writer is not taken back with a transaction that began meanwhile', async () => {
  const path = file()
  const database = await openSqlite(path)
  onTestFinished(() => database.close())
  const backup = otherProcess(path)
  await database.query('CREATE TABLE kept (name TEXT)')

  backup.exec('BEGIN IMMEDIATE')
  const alone = database.query(`INSERT INTO kept VALUES ('alone')`)
  backup.exec('COMMIT')
  let fail = () => {}
  const failure = new Promise<never>((_, reject) => (fail = () => reject(new Error('taken back'))))
  let begun = () => {}
  const hasBegun = new Promise<void>((resolve) => (begun = resolve))
  const together = database.transaction([], async (transaction) => {
    await transaction.query(`INSERT INTO kept VALUES ('together')`)
    begun()
    await failure
  })
  await hasBegun
  // Longer than the time after which the first statement is tried again.
  await Promise.race([alone, new Promise((resolve) => setTimeout(resolve, 100))])
  fail()

  await expect(together).rejects.toThrow('taken back')
  await alone
  expect(await database.query('SELECT name FROM kept')).toEqual([{ name: 'alone' }])
})

/** A database with a table, and another process that has begun to write into its file. */
async function whileAnotherWrites() {
  const path = file()
  const database = await openSqlite(path)
  onTestFinished(() => database.close())
  await database.query('CREATE TABLE kept (n INTEGER)')
  const backup = otherProcess(path)

  backup.exec('BEGIN IMMEDIATE')
  return { database, backup }
}

test('while another writer is waited for, the process goes on', async () => {
  const { database, backup } = await whileAnotherWrites()
  const before = performance.eventLoopUtilization()
  const waiting = Array.from({ length: 5 }, (_, n) => database.query('INSERT INTO kept VALUES ($1)', [n]))
  await new Promise((resolve) => setTimeout(resolve, 500))
  const { utilization } = performance.eventLoopUtilization(before)
  backup.exec('COMMIT')
  await Promise.all(waiting)
  expect(utilization).toBeLessThan(0.5)
})

test('while a transaction waits for another writer, what is only read does not', async () => {
  const { database, backup } = await whileAnotherWrites()
  const writing = database.transaction([], (transaction) => transaction.query('INSERT INTO kept VALUES (1)'))
  expect(await database.query('SELECT n FROM kept')).toEqual([])
  backup.exec('COMMIT')
  await writing
  expect(await database.query('SELECT n FROM kept')).toEqual([{ n: 1 }])
})

test('when another process locks the file for longer than is waited, calls are UNAVAILABLE, and what was answered is kept', async () => {
  const { opened, open } = door()
  const api = await startApi(async (_call, outgoing) => {
    await opened
    json(outgoing, { paid: true })
  })
  const path = file()
  const { client, url, log } = await startRelay({ keys: { api: keyFor(api.url) }, database: path })
  const request = {
    clientSecretName: 'api',
    method: 'POST' as const,
    url: `${api.url}/`,
    headers: { authorization: '$CLIENT_SECRET' },
  }
  const queued = await client.clientSecretRequest({ ...request, queue: 'q' })
  await until(() => api.calls.length === 1)

  const backup = otherProcess(path)
  backup.exec('BEGIN IMMEDIATE')
  open()
  const submit = async (fields: object) => {
    const { status, headers } = await fetch(`${url}/requests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'client-session': 'a-session-of-enough-characters' },
      body: JSON.stringify({ ...request, ...fields }),
    })
    return [status, headers.get('retry-after')]
  }
  expect(await Promise.all([{}, { queue: 'a' }, { queue: 'b' }].map(submit))).toEqual(Array(3).fill([503, '1']))
  backup.exec('ROLLBACK')

  await expect(queued.poll()).resolves.toEqual({ paid: true })
  // None of those that were refused.
  expect(api.calls).toHaveLength(1)
  await until(() => log.some(({ message }) => message === 'the database is available again'))
  const told = log.filter(({ level }) => level !== 'info').map(({ message }) => message)
  expect(told).toEqual(['the database is unavailable; the relay continues when it is available again'])
})

test.each(['', '-wal', '.lock'])(
  'a relay whose file%s is moved away begins nothing until it is back, beside another relay or not',
  async (ending) => {
    const api = await startApi((_call, outgoing) => json(outgoing, {}))
    const path = file()
    const { client, log } = await startRelay({ keys: { api: keyFor(api.url) }, database: path })
    const send = () =>
      client.clientSecretRequest({
        clientSecretName: 'api',
        url: `${api.url}/`,
        method: 'POST',
        headers: { authorization: '$CLIENT_SECRET' },
      })
    await send()
    renameSync(path + ending, `${path}.away`)
    await expect(send()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(api.calls).toHaveLength(1)
    expect(log).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        details: expect.objectContaining({
          err: expect.objectContaining({
            message: expect.stringContaining(`${path}${ending}" was deleted or replaced`) as string,
          }) as object,
        }) as object,
      }),
    )
    renameSync(`${path}.away`, path + ending)
    await send()
    expect(api.calls).toHaveLength(2)
  },
)

test('a full disk is one line in the log, and its end another', async () => {
  const lines: string[] = []
  const logAs = (_: object, message: string) => void lines.push(message)
  const logger = { info: logAs, warn: logAs, error: logAs }
  const database = await openSqlite(file(), logger)
  onTestFinished(() => database.close())
  await database.query('CREATE TABLE pages (page TEXT)')
  const write = () =>
    database.transaction([], (transaction) =>
      transaction.query('INSERT INTO pages VALUES ($1) RETURNING 1', ['x'.repeat(100_000)]),
    )
  await write()
  // SQLite gives the error of a full disk for a file that may not grow.
  await database.query('PRAGMA max_page_count = 1')
  for (let n = 0; n < 20; n++) {
    await expect(write()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await database.query('DELETE FROM pages WHERE page = $1', ['none'])
    await database.query('SELECT 1')
  }
  expect(lines).toEqual(['the database is unavailable; the relay continues when it is available again'])
  await database.query('PRAGMA max_page_count = 100000')
  await write()
  expect(lines.slice(1)).toEqual(['the database is available again'])
})
