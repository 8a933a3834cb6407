import type { DatabaseSync, StatementSync } from 'node:sqlite'

export type Value = string | number | null

/** What the records need of a database: one statement at a time, with `$1` parameters. */
export interface Database {
  query<Row>(sql: string, parameters?: readonly Value[]): Promise<Row[]>
  close(): Promise<void>
}

/** Opens a SQLite database: a file, or in memory when there is no path. */
export async function openSqlite(path = ':memory:'): Promise<Database> {
  const database = open(await loadSqlite(), path)
  // A write-ahead log lets readers and the writer go on together. NORMAL keeps
  // the file sound at any crash of the process; only a power cut can lose the last moments.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;')
  return sqliteDriver(database)
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

function sqliteDriver(database: DatabaseSync): Database {
  const prepared = new Map<string, StatementSync>()
  return {
    // Async although SQLite is not, so that records.ts is written once for it and for Postgres.
    async query<Row>(sql: string, parameters: readonly Value[] = []) {
      let statement = prepared.get(sql)
      if (!statement) prepared.set(sql, (statement = database.prepare(sql)))
      // `$1` is a name to SQLite.
      return statement.all(Object.fromEntries(parameters.map((value, index) => [`$${index + 1}`, value]))) as Row[]
    },
    async close() {
      database.close()
    },
  }
}
