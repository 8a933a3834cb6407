import { ClientSecretError } from '../../protocol/errors.ts'
import type { Moment } from '../common/clock.ts'

export type Value = string | number | null

/** Runs one statement, with `$1` parameters. */
export interface Connection {
  query<Row>(sql: string, parameters?: readonly Value[]): Promise<Row[]>
}

/** Statements that take effect together, or not at all. */
export interface Transaction extends Connection {
  /** Holds these locks until the end of the transaction. To avoid deadlocks, call it last, with the names in order. */
  lock(names: readonly string[]): Promise<void>
  /** Runs `happen` once the statements have taken effect. */
  afterCommit(happen: () => void): void
}

/** A database, as the relay uses it. */
export interface Database extends Connection {
  /** Holds the locks from the beginning to the end of the transaction. */
  transaction<Result>(locks: readonly string[], work: (transaction: Transaction) => Promise<Result>): Promise<Result>
  dialect: Dialect
  /** Milliseconds since 1970, by the clock of the database, as this process knows it. */
  now(): number
  /** Sets the clock of `now`: the database had this time, at this moment or a little later. */
  setNow(time: number, at: Moment): void
  close(): Promise<void>
}

/** The differences between the SQL of the two databases. */
export interface Dialect {
  /** Type of a column that the database counts up, and that never repeats a number. */
  countedKey: string
  /** Milliseconds since 1970, by the clock of the database, which all its relays share. */
  now: string
  /** Of a table that may be empty after a crash, and is cheaper to write. */
  unlogged: string
  /** At the end of a SELECT before a DELETE: skips rows that another relay is removing. */
  skipLocked: string
}

/** A temporary failure of the database, not of the statement. */
export function databaseUnavailable(cause?: unknown): ClientSecretError {
  return new ClientSecretError('UNAVAILABLE', "The relay's database is unavailable at the moment. Try again.", {
    cause,
    retryAfter: 1,
  })
}

/** True for the address of a Postgres; any other text is the path of a SQLite file. */
export function isPostgres(address: string | undefined): address is string {
  return address !== undefined && /^postgres(ql)?:\/\//i.test(address)
}
