import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Database, Dialect, Transaction, Value } from './database.ts'
import { migrate } from './migrate.ts'

/** SQLITE_BUSY */
const busyCode = 5
/** Milliseconds to wait for another writer before a statement fails, and between its tries. */
const longestBusy = 60_000
const pause = 20
/** Milliseconds that a relay waits for the one before it to let go of the file, as in a restart. */
const handOver = 2_000

const dialect: Dialect = {
  countedKey: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  now: `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
  // One process, one writer.
  skipLocked: '',
}

const pragmas = [
  // An answer of 100 kB is written in half as many pages as it would be in pages of 4 kB.
  'PRAGMA page_size = 8192',
  // A write-ahead log lets readers and the writer go on together. NORMAL keeps
  // the file sound at any crash of the process; only a power cut can lose the last moments.
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = NORMAL',
  'PRAGMA busy_timeout = 50',
  // Taken over into the file every 16 MB and not every 4: each time, everything waits for the disk.
  'PRAGMA wal_autocheckpoint = 2000',
]

/** Another process has the file. */
class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError'
}

/** Opens a SQLite database: a file, or in memory when there is no path. */
export async function openSqlite(path = ':memory:'): Promise<Database> {
  const sqlite = await loadSqlite()
  const database = open(sqlite, path)
  let lock: DatabaseSync | null = null
  try {
    if (path !== ':memory:') lock = await lockFile(sqlite, path)
    database.exec(pragmas.join(';'))
    const driver = sqliteDriver(database, lock)
    await migrate(driver)
    return driver
  } catch (error) {
    database.close()
    lock?.close()
    throw error
  }
}

async function loadSqlite(): Promise<typeof import('node:sqlite')> {
  try {
    return await import('node:sqlite')
  } catch (cause) {
    throw new Error(`The relay does not start: it needs Node 22.13 or later; this is ${process.version}.`, { cause })
  }
}

function open({ DatabaseSync: Sqlite }: typeof import('node:sqlite'), path: string): DatabaseSync {
  try {
    return new Sqlite(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `The relay does not start: the database "${path}" could not be opened: ${reason}. Does its folder exist, and may the relay write there?`,
      { cause },
    )
  }
}

/**
 * Holds a second file locked for as long as this process lives, so that no other
 * relay takes over what this one runs. The system lets go of it, whatever ends us.
 */
async function lockFile(sqlite: typeof import('node:sqlite'), path: string): Promise<DatabaseSync> {
  const lock = open(sqlite, `${path}.lock`)
  // Tried again and again here, and not waited for in SQLite, so that a relay of this process can end meanwhile.
  for (const deadline = Date.now() + handOver; ; await sleep(pause)) {
    try {
      lock.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return lock
    } catch (cause) {
      if (Date.now() < deadline) continue
      lock.close()
      throw new DatabaseInUseError(
        `The relay does not start: the database "${path}" is in use by another relay. A SQLite file serves one process; stop the other one, or give each a file of its own; several relays can share a Postgres.`,
        { cause },
      )
    }
  }
}

interface Prepared {
  statement: StatementSync
  /** Which parameter stands at each place of the statement. */
  order: number[]
}

/** `$1` is a name to SQLite, and names are looked for one after the other; so the parameters are given by place. */
function prepare(database: DatabaseSync, sql: string): Prepared {
  const order: number[] = []
  const byPlace = sql.replace(/\$(\d+)/g, (_, number: string) => {
    order.push(Number(number) - 1)
    return '?'
  })
  return { statement: database.prepare(byPlace), order }
}

function sqliteDriver(database: DatabaseSync, lock: DatabaseSync | null): Database {
  const prepared = new Map<string, Prepared>()
  /** Fulfilled when the transaction that is open has ended. There is one connection, so everything else waits for it. */
  let underWay: Promise<void> | undefined

  async function run<Row>(sql: string, parameters: readonly Value[] = [], isPartOfIt = true): Promise<Row[]> {
    let known = prepared.get(sql)
    if (!known) prepared.set(sql, (known = prepare(database, sql)))
    const { statement, order } = known
    const values = order.map((index) => parameters[index]!)
    for (const deadline = Date.now() + longestBusy; ; await sleep(pause)) {
      // Also when it is tried again: in between, a transaction may have begun that it is no part of.
      while (underWay && !isPartOfIt) await underWay
      try {
        return statement.all(...values) as Row[]
      } catch (error) {
        // Somebody else is writing, such as a backup. Waited for here and not in SQLite, which would hold up everything.
        if ((error as { errcode?: number }).errcode !== busyCode || Date.now() > deadline) throw error
      }
    }
  }

  return {
    dialect,
    // Async although SQLite is not, so that records.ts is written once for it and for Postgres.
    query: (sql, parameters) => run(sql, parameters, false),
    // Alone already, and so without a lock.
    async transaction<Result>(_locks: readonly string[], work: (transaction: Transaction) => Promise<Result>) {
      while (underWay) await underWay
      let end = () => {}
      underWay = new Promise((resolve) => (end = resolve))
      const happenings: (() => void)[] = []
      try {
        await run('BEGIN IMMEDIATE')
        const result = await work({
          query: (sql, parameters) => run(sql, parameters),
          afterCommit: (happen) => void happenings.push(happen),
        })
        await run('COMMIT')
        for (const happen of happenings) happen()
        return result
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      } finally {
        underWay = undefined
        end()
      }
    },
    async close() {
      database.close()
      lock?.close()
    },
  }
}
