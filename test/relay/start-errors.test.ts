import { writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { openSqlite } from '../../src/relay/database/sqlite-database.ts'
import { postgresOfThisFile } from '../helpers/postgres.ts'
import { keyFor, startRelay } from '../helpers/relay.ts'
import { sqliteFile } from '../helpers/sqlite-file.ts'

const postgres = postgresOfThisFile()

/** Why a relay does not start with this database. */
async function reasonOf(database: string): Promise<string> {
  const { relay } = await startRelay({ keys: { api: keyFor('http://127.0.0.1:1') }, database })
  return relay.ready.then(
    () => 'it starts',
    (error: Error) => error.message,
  )
}

/** A database in which a relay has made its tables. */
async function used(): Promise<string> {
  const database = await postgres.database()
  const { relay } = await startRelay({ keys: { api: keyFor('http://127.0.0.1:1') }, database })
  await relay.ready
  await relay.close()
  return database
}

/** The address of a database, as a user who may do little. */
async function asGuest(database: string): Promise<string> {
  await postgres.query(database, `CREATE ROLE guest LOGIN PASSWORD 'guest'`).catch(() => {})
  const address = new URL(database)
  address.username = address.password = 'guest'
  return address.href
}

test('a user who does not exist, or whose password is wrong', async () => {
  const address = new URL(await postgres.database())
  address.password = 'wrong'
  // Also where Postgres trusts whoever comes from the same machine, it knows no such user.
  address.username = 'nobody'
  expect(await reasonOf(address.href)).toMatch(
    /^The relay does not start: its database refuses the (user|password)\. .*option database/,
  )
})

test('a database that does not exist', async () => {
  const address = new URL(await postgres.database())
  address.pathname = '/missing'
  expect(await reasonOf(address.href)).toMatch(/^The relay does not start: there is no such database\. Create it/)
})

test('a user who may create nothing', async () => {
  const address = await asGuest(await postgres.database())
  expect(await reasonOf(address)).toMatch(
    /^The relay does not start: its user may not make or use its tables\. Grant it CREATE/,
  )
})

test('a database that is read-only', async () => {
  const database = await postgres.database()
  const name = new URL(database).pathname.slice(1)
  await postgres.query(database, `ALTER DATABASE ${name} SET default_transaction_read_only = on`)
  expect(await reasonOf(database)).toMatch(/^The relay does not start: its database is read-only, such as a standby/)
})

test('a database whose encoding lacks characters of answers', async () => {
  const database = await postgres.database()
  await postgres.query(
    database,
    `CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'`,
  )
  const address = new URL(database)
  address.pathname = '/latin'
  expect(await reasonOf(address.href)).toMatch(/^The relay does not start: its database has the encoding LATIN1, /)
})

test('a database that has no connection free', async () => {
  const database = await postgres.database()
  const address = await asGuest(database)
  await postgres.query(database, 'ALTER ROLE guest CONNECTION LIMIT 1')
  const other = new pg.Client(address)
  await other.connect()
  onTestFinished(() => other.end())
  expect(await reasonOf(address)).toMatch(
    /^The relay does not start: its database has no connection free\. Raise max_connections/,
  )
})

test('tables of a newer pg-boss', async () => {
  const database = await used()
  await postgres.query(database, 'UPDATE client_secret_queue.version SET version = version + 1')
  expect(await reasonOf(database)).toMatch(
    /^The relay does not start: the tables of pg-boss .* Update pg-boss here too\.$/,
  )
})

test('a missing column', async () => {
  const database = await used()
  await postgres.query(database, 'ALTER TABLE records DROP COLUMN upstream_status')
  expect(await reasonOf(database)).toMatch(
    /^The relay does not start: its tables are not as the relay made them\. .*upstream_status/,
  )
})

test('a file that is not of SQLite', async () => {
  const path = await sqliteFile()
  writeFileSync(path, 'Dear diary, '.repeat(1_000))
  expect(await reasonOf(path)).toMatch(
    /^The relay does not start: its database is not a SQLite file\. Correct the path/,
  )
})

test('a missing column of a file', async () => {
  const path = await sqliteFile()
  await (await openSqlite(path)).close()
  const database = new DatabaseSync(path)
  database.exec('ALTER TABLE records DROP COLUMN upstream_status')
  database.close()
  expect(await reasonOf(path)).toMatch(
    /^The relay does not start: its tables are not as the relay made them\. .*upstream_status/,
  )
})
