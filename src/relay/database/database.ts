import { ClientSecretError } from '../../protocol/errors.ts'

export type Value = string | number | null

/** Runs one statement, with `$1` parameters. */
export interface Connection {
  query<Row>(sql: string, parameters?: readonly Value[]): Promise<Row[]>
}

/** Statements that take effect all together, or not at all. */
export interface Transaction extends Connection {
  /** No other transaction has one of these locks until the end of this one. Wanted last, and in order, or two wait for each other. */
  lock(names: readonly string[]): Promise<void>
  /** What is to happen when the statements have taken effect. */
  afterCommit(happen: () => void): void
}

/** What the relay needs of a database. */
export interface Database extends Connection {
  /** No other transaction has one of the same locks from the beginning to the end. */
  transaction<Result>(locks: readonly string[], work: (transaction: Transaction) => Promise<Result>): Promise<Result>
  dialect: Dialect
  close(): Promise<void>
}

/** The few words in which the SQL of the two databases differs. */
export interface Dialect {
  /** The type of a key that the database counts up itself, and never gives twice. */
  countedKey: string
  /** Milliseconds since 1970, by the one clock that all relays of a database have in common. */
  now: string
  /** Behind a SELECT of what is to be removed: leaves to another relay what it is removing already. */
  skipLocked: string
}

/** What a database says that is away, which passes, and is not the statement's fault. */
export function databaseAway(cause?: unknown): ClientSecretError {
  return new ClientSecretError('UNAVAILABLE', "The relay's database is away for the moment. Try again.", {
    cause,
    retryAfter: 1,
  })
}

/** True for the address of a Postgres; every other is the path of a SQLite file. */
export function isPostgres(address: string | undefined): address is string {
  return address !== undefined && /^postgres(ql)?:\/\//i.test(address)
}
