import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { startFailure } from '../common/config-error.ts'
import { isClientSecretError } from '../../protocol/errors.ts'
import { databaseUnavailable, type Database, type Dialect, type Transaction, type Value } from './database.ts'
import { migrate } from './migrate.ts'
import type { Logger } from '../common/logger.ts'

/** SQLITE_BUSY */
const busyCode = 5
/** Temporary failures: another writer, SQLITE_LOCKED, a failing or full disk, a file that cannot be opened. */
const passingCodes = [busyCode, 6, 10, 13, 14]
/** Milliseconds to wait for another writer, as long as for a connection to Postgres; and between two attempts. */
const maxBusy = 5_000
const pause = 20
/** Milliseconds to wait until the previous relay releases the file, as in a restart. */
const handOver = 2_000

const dialect: Dialect = {
  countedKey: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  now: `CAST(unixepoch('subsec') * 1000 AS INTEGER)`,
  // One process, one writer.
  unlogged: '',
  skipLocked: '',
}

const pragmas = [
  // An answer of 100 kB needs half as many pages as with the default of 4 kB.
  'PRAGMA page_size = 8192',
  // With a write-ahead log, readers do not wait for the writer. NORMAL keeps the file intact when the process crashes;
  // only a power cut can lose the last moments.
  'PRAGMA journal_mode = WAL',
  'PRAGMA synchronous = NORMAL',
  // The relay itself repeats a statement while another writer is busy: SQLite would block the whole process.
  'PRAGMA busy_timeout = 0',
  // What SQLite needs to undo a statement that changes many rows. It would be a file for each statement.
  'PRAGMA temp_store = MEMORY',
  // A checkpoint every 16 MB instead of 4, because everything waits for the disk meanwhile.
  'PRAGMA wal_autocheckpoint = 2000',
  // Creates the write-ahead log.
  'SELECT count(*) FROM sqlite_schema',
]

/** The path of a SQLite database without a file. */
export const memory = ':memory:'

/** Another process uses the file. */
class DatabaseInUseError extends Error {
  override readonly name = 'DatabaseInUseError'
}

/** Opens a SQLite database: a file, or in memory without a path. */
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
    throw startFailure(
      { reason: `it needs Node 22.13 or later; this is ${process.version}`, remedy: 'Run it with a newer Node.' },
      cause,
    )
  }
}

function open({ DatabaseSync: Sqlite }: typeof import('node:sqlite'), path: string): DatabaseSync {
  try {
    return new Sqlite(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw startFailure(
      {
        reason: `the database "${path}" could not be opened: ${reason}`,
        remedy: 'Check that its folder exists and that the relay may write there.',
      },
      cause,
    )
  }
}

function cannotBeUsed(path: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return startFailure(
    {
      reason: `the database "${path}" could not be written: ${reason}`,
      remedy: 'Check that no other program locks it, and that the disk is not full.',
    },
    cause,
  )
}

/**
 * Locks a second file as long as this process lives, so that no other relay takes over its records. The operating
 * system releases the lock, however the process ends.
 */
async function lockFile(sqlite: typeof import('node:sqlite'), path: string): Promise<DatabaseSync> {
  const lock = open(sqlite, `${path}.lock`)
  // SQLite would block this process while it waits, and the previous relay may be in this process and still end.
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
  /** The index of the parameter at each position of the statement. */
  order: number[]
}

/** `$1` is a named parameter for SQLite, which looks names up one by one. Parameters by position are faster. */
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

/** Returns a check that throws once the file was replaced: writes would be lost, and another relay may use the new file. */
function fileGuard(path: string): () => void {
  const identityOf = (name: string) => {
    const found = statSync(name, { throwIfNoEntry: false })
    return found && `${found.dev} ${found.ino}`
  }
  // A crash loses what is only in the log, if the log has no name any more. The same calls would be made again.
  const opened = [path, `${path}-wal`, `${path}.lock`]
    .map((name) => [name, identityOf(name)] as const)
    .filter(([, identity]) => identity !== undefined)
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
  /** Resolves at the end of the open transaction. There is one connection, so everything else waits for it. */
  let transactionEnd: Promise<void> | undefined

  let isUnavailable = false

  function tell(isUnavailableNow: boolean, error?: unknown): void {
    if (isUnavailableNow === isUnavailable) return
    isUnavailable = isUnavailableNow
    if (isUnavailable)
      logger?.warn({ err: error }, 'the database is unavailable; the relay continues when it is available again')
    else logger?.info({}, 'the database is available again')
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

  /** Runs the work when no other transaction is open, and repeats it while another process writes. */
  async function inTurn<Result>(work: () => Result, isPartOfTransaction: boolean): Promise<Result> {
    for (const deadline = Date.now() + maxBusy; ; await sleep(pause)) {
      // Before each attempt: another transaction may have begun during the pause.
      while (transactionEnd && !isPartOfTransaction) await transactionEnd
      try {
        return work()
      } catch (error) {
        const code = codeOf(error)
        if (!passingCodes.includes(code) && !(error instanceof FileGoneError)) throw error
        // Another process writes, such as a backup.
        if (code === busyCode && Date.now() <= deadline) continue
        tell(true, error)
        throw databaseUnavailable(error)
      }
    }
  }

  /** Begins a transaction and returns the function that ends it. Synchronous, so that no other statement comes between. */
  function begin(): () => void {
    execute('BEGIN IMMEDIATE')
    let end = () => {}
    transactionEnd = new Promise((resolve) => (end = resolve))
    return () => {
      try {
        if (database.isTransaction) database.exec('ROLLBACK')
      } finally {
        transactionEnd = undefined
        end()
      }
    }
  }

  return {
    dialect,
    // The clock of this process.
    now: Date.now,
    setNow() {},
    // Async although SQLite is not, because Postgres has the same interface.
    query: <Row>(sql: string, parameters?: readonly Value[]) => inTurn(() => execute<Row>(sql, parameters), false),
    // Without locks: there is only one transaction at a time.
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

/** The primary code of SQLite, without the extended part. */
function codeOf(error: unknown): number {
  return ((error as { errcode?: number }).errcode ?? 0) & 0xff
}
