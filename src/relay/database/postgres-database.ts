import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import { isClientSecretError } from '../../protocol/errors.ts'
import type { Signals } from './pub-sub.ts'
import { databaseAway, type Connection, type Database, type Dialect, type Transaction, type Value } from './database.ts'
import { migrate } from './migrate.ts'
import { explainMissingPeer } from '../common/missing-peer.ts'
import type { Logger } from '../common/logger.ts'
import { connectSignals, letGo } from './postgres-notify.ts'

export interface PostgresDatabase extends Database {
  signals: Signals
  /** Runs SQL of the queue's, which may be several statements, as pg-boss wants it. */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

/** Connections of one relay, beside the one that listens. Ten relays of this size fit into a Postgres as it comes. */
const mostConnections = 8
/** Milliseconds after which a connection, or a statement, counts as lost. */
const connectionTimeout = 5_000
const statementTimeout = 15_000
const longestIdle = 20_000
/** Milliseconds that a relay waits for another one, such as one that changes the tables. */
const lockTimeout = 60_000

const dialect: Dialect = {
  countedKey: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  now: 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)',
  skipLocked: 'FOR UPDATE SKIP LOCKED',
}

/** Opens a Postgres database and brings its tables up to date. */
export async function openPostgres(connectionString: string, logger: Logger): Promise<PostgresDatabase> {
  // A bundler must not look for it, because without Postgres it need not be there.
  const { default: pg } = await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'pg'
  ).catch((error: unknown) => {
    throw explainMissingPeer(error, 'pg pg-boss')
  })
  const settings = {
    connectionString,
    application_name: 'client-secret-relay',
    keepAlive: true,
    connectionTimeoutMillis: connectionTimeout,
    query_timeout: statementTimeout,
    // A relay that stands still in the middle of a transaction must not hold up the others.
    idle_in_transaction_session_timeout: longestIdle,
  }
  const pool = new pg.Pool({ ...settings, max: mostConnections })
  // An idle connection that breaks is replaced when one is needed; unheard, its error would end the process.
  pool.on('error', ignore)
  // Heard for as long as there is the connection: the pool hears of it only until somebody has it, and between two
  // statements nobody does. Whoever uses it finds it broken.
  const clients = new Set<PoolClient>()
  pool.on('connect', (client) => {
    client.on('error', ignore)
    clients.add(client.once('end', () => clients.delete(client)))
  })
  async function endPool(): Promise<void> {
    await pool.end()
    for (const client of clients) letGo(client)
  }
  const driver = postgresDriver(pool)
  try {
    await migrate(driver)
  } catch (error) {
    await endPool()
    throw isClientSecretError(error) ? cannotBeReached(error.cause) : error
  }
  const signals = connectSignals(() => new pg.Client(settings), logger)
  return {
    ...driver,
    signals,
    executeSql: (text, values) => told(() => pool.query(text, values)),
    async close() {
      await signals.close()
      await endPool()
    },
  }
}

function postgresDriver(pool: Pool): Omit<Database, 'close'> {
  return {
    dialect,
    ...connectionOf(pool),
    async transaction<Result>(locks: readonly string[], work: (transaction: Transaction) => Promise<Result>) {
      const client = await told(() => pool.connect())
      const happenings: (() => void)[] = []
      let failure: Error | undefined
      try {
        const connection = connectionOf(client)
        // One statement and not two, because a queue waits for it.
        const locking = (before: string[], names: readonly string[]) => {
          const locks = lockNumbers(names).map((number) => `SELECT pg_advisory_xact_lock(${number})`)
          const text = [...before, ...locks].join('; ')
          return told(() => client.query({ text, query_timeout: lockTimeout } as { text: string }))
        }
        await locking(['BEGIN'], locks)
        const result = await work({
          ...connection,
          lock: async (names) => void (await locking([], names)),
          afterCommit: (happen) => void happenings.push(happen),
        })
        await connection.query('COMMIT')
        for (const happen of happenings) happen()
        return result
      } catch (error) {
        failure = error as Error
        // What is refused, such as one request too many, leaves the connection as it is.
        if (isClientSecretError(error) && error.code !== 'UNAVAILABLE')
          await client.query('ROLLBACK').then(() => (failure = undefined), ignore)
        throw error
      } finally {
        // A connection on which something failed is closed, which ends its transaction too.
        client.release(failure)
      }
    },
  }
}

function ignore(): void {}

/** Postgres knows locks by numbers. In order, so that two who want the same ones do not wait for each other. */
function lockNumbers(names: readonly string[]): bigint[] {
  const numbers = names.map((name) => createHash('sha256').update(name).digest().readBigInt64BE())
  return numbers.sort((one, other) => (one < other ? -1 : 1))
}

function connectionOf(queryable: Pool | PoolClient): Connection {
  return {
    async query<Row>(sql: string, parameters: readonly Value[] = []) {
      const { rows } = await told(() => queryable.query(sql, parameters.map(storable)))
      return rows as Row[]
    },
  }
}

/** Text in Postgres holds every character but this one. */
function storable(value: Value): Value {
  return typeof value === 'string' ? value.replaceAll('\u0000', '\ufffd') : value
}

/** Says `UNAVAILABLE` where the database is away. */
async function told<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw isAway(cause) ? databaseAway(cause) : cause
  }
}

/** Codes of a connection that is refused, lost or ended (08, 57P, too many: 53300), and pg's own words for the same. */
function isAway(thrown: unknown): boolean {
  const { code = '', message = '' } = thrown as { code?: string; message?: string }
  return (
    /^(08|57P|53300|25P03|EPIPE|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/.test(code) ||
    /^(Connection terminated|timeout e|timeout exceeded|Query read timeout|Client (was closed|has encountered)|read ECONN)/i.test(
      message,
    )
  )
}

function cannotBeReached(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause)
  return new Error(
    `The relay does not start: its database could not be reached: ${reason}. Is the address in the option database right, and is Postgres running there?`,
    { cause },
  )
}

/** For pg-boss: its statements as part of a transaction of ours. */
export function withinTransaction(transaction: Transaction): Pick<PostgresDatabase, 'executeSql'> {
  return {
    executeSql: async (text, values = []) => ({ rows: await transaction.query(text, values as Value[]) }),
  }
}
