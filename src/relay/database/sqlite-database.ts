import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { isClientSecretError } from '../../protocol/errors.ts'
import { databaseAway, type Database, type Dialect, type Transaction, type Value } from './database.ts'
import { migrate } from './migrate.ts'
import type { Logger } from '../common/logger.ts'

/** SQLITE_BUSY */
const busyCode = 5
/** What passes without the relay, as another writer does: SQLITE_LOCKED, a disk that fails or is full, files that cannot be opened. */
const passingCodes = [busyCode, 6, 10, 13, 14]
/** Milliseconds to wait for another writer before a statement fails, and between its tries. As long as for a connection to Postgres. */
const maxBusy = 5_000
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
  // Another writer is waited for between the tries of a statement: SQLite would hold up the whole process.
  'PRAGMA busy_timeout = 0',
  // Taken over into the file every 16 MB and not every 4: each time, everything waits for the disk.
  'PRAGMA wal_autocheckpoint = 2000',
]

/** SQLite's name for no file. */
export const memory = ':memory:'

/** Another process has the file. */
class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError'
}

/** Opens a SQLite database: a file, or in memory when there is no path. */
export async function openSqlite(path = memory, logger?: Logger): Promise<Database> {
  const sqlite = await loadSqlite()
  const database = open(sqlite, path)
  let lock: DatabaseSync | null = null
  try {
    if (path !== memory) lock = await lockFile(sqlite, path)
    database.exec(pragmas.join(';'))
    const driver = sqliteDriver(database, lock, path === memory ? () => {} : fileGuard(path), logger)
    await migrate(driver)
    return driver
  } catch (error) {
    database.close()
    lock?.close()
    throw isClientSecretError(error) ? cannotBeUsed(path, error.cause) : error
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

function cannotBeUsed(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new Error(
    `The relay does not start: the database "${path}" could not be written: ${reason}. Does another program hold it locked, or is the disk full?`,
    { cause },
  )
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

/** The file was deleted or replaced while it was open. */
class FileGoneError extends Error {
  override readonly name = 'FileGoneError'
}

/** Throws when a file is not the one any more that it is now: what is written goes nowhere, and another relay may have begun beside. */
function fileGuard(path: string): () => void {
  const identityOf = (name: string) => {
    const found = statSync(name, { throwIfNoEntry: false })
    return found && `${found.dev} ${found.ino}`
  }
  const opened = [path, `${path}.lock`].map((name) => [name, identityOf(name)] as const)
  return () => {
    const gone = opened.find(([name, identity]) => identityOf(name) !== identity)
    if (!gone) return
    throw new FileGoneError(
      `The file "${gone[0]}" was deleted or replaced under the relay, which writes nothing until it is back. Put it back, or restart the relay.`,
    )
  }
}

function sqliteDriver(
  database: DatabaseSync,
  lock: DatabaseSync | null,
  checkFile: () => void,
  logger: Logger | undefined,
): Database {
  const prepared = new Map<string, Prepared>()
  /** Fulfilled when the transaction that is open has ended. There is one connection, so everything else waits for it. */
  let underWay: Promise<void> | undefined

  let isAway = false

  function tell(isAwayNow: boolean, error?: unknown): void {
    if (isAwayNow === isAway) return
    isAway = isAwayNow
    if (isAway) logger?.warn({ err: error }, 'the database is away; the relay goes on when it is back')
    else logger?.info({}, 'the database is back')
  }

  function execute<Row>(sql: string, parameters: readonly Value[] = []): Row[] {
    if (!sql.startsWith('SELECT')) checkFile()
    let known = prepared.get(sql)
    if (!known) prepared.set(sql, (known = prepare(database, sql)))
    const rows = known.statement.all(...known.order.map((index) => parameters[index]!)) as Row[]
    if (hasWritten(sql, rows)) tell(false)
    return rows
  }

  /** Whether a statement shows that the disk takes data: on a full one, reads, BEGIN and changes of no row still succeed. */
  function hasWritten(sql: string, rows: readonly unknown[]): boolean {
    return sql === 'COMMIT' || (!database.isTransaction && rows.length > 0 && /^(INSERT|UPDATE|DELETE|WITH)/.test(sql))
  }

  /** Does something at a moment at which nobody else writes, and no transaction is open but that it is part of. */
  async function inTurn<Result>(work: () => Result, isPartOfTransaction: boolean): Promise<Result> {
    for (const deadline = Date.now() + maxBusy; ; await sleep(pause)) {
      // Also when it is tried again: in between, a transaction may have begun that it is no part of.
      while (underWay && !isPartOfTransaction) await underWay
      try {
        return work()
      } catch (error) {
        const code = codeOf(error)
        if (!passingCodes.includes(code) && !(error instanceof FileGoneError)) throw error
        // Somebody else is writing, such as a backup.
        if (code === busyCode && Date.now() <= deadline) continue
        tell(true, error)
        throw databaseAway(error)
      }
    }
  }

  /** Begins a transaction; gives what ends it. In one go, so that nothing that is no part of it comes in between. */
  function begin(): () => void {
    execute('BEGIN IMMEDIATE')
    let end = () => {}
    underWay = new Promise((resolve) => (end = resolve))
    return () => {
      try {
        if (database.isTransaction) database.exec('ROLLBACK')
      } finally {
        underWay = undefined
        end()
      }
    }
  }

  return {
    dialect,
    // Async although SQLite is not, so that records.ts is written once for it and for Postgres.
    query: <Row>(sql: string, parameters?: readonly Value[]) => inTurn(() => execute<Row>(sql, parameters), false),
    // Alone already, and so without a lock.
    async transaction<Result>(_locks: readonly string[], work: (transaction: Transaction) => Promise<Result>) {
      const end = await inTurn(begin, false)
      const happenings: (() => void)[] = []
      try {
        const result = await work({
          query: <Row>(sql: string, parameters?: readonly Value[]) => inTurn(() => execute<Row>(sql, parameters), true),
          lock: async () => {},
          afterCommit: (happen) => void happenings.push(happen),
        })
        await inTurn(() => execute('COMMIT'), true)
        for (const happen of happenings) happen()
        return result
      } finally {
        end()
      }
    },
    async close() {
      database.close()
      lock?.close()
    },
  }
}

/** SQLite's code, without what it adds to tell where it happened. */
function codeOf(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff
}
