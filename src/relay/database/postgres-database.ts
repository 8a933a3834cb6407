import { createHash, randomUUID } from 'node:crypto'
import type { CustomTypesConfig, Pool, PoolClient } from 'pg'
import { isClientSecretError } from '../../protocol/errors.ts'
import type { PeerChannel } from './pub-sub.ts'
import {
  databaseUnavailable,
  type Connection,
  type Database,
  type Dialect,
  type Transaction,
  type Value,
} from './database.ts'
import { migrate } from './migrate.ts'
import { since, thisMoment } from '../common/clock.ts'
import { startFailure } from '../common/config-error.ts'
import { explainMissingPeer } from '../common/missing-peer.ts'
import type { Logger } from '../common/logger.ts'
import { connectPeerChannel, letGo } from './postgres-notify.ts'

export interface PostgresDatabase extends Database {
  /** Identifies this process to the other relays. */
  relay: string
  peers: PeerChannel
  /** Runs SQL of pg-boss, which may be several statements. */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>
}

/** Connections of one relay, beside the one that listens. A Postgres with default settings serves ten relays. */
const maxConnections = 8
/** Milliseconds before a connection or a statement counts as lost. */
const connectionTimeout = 5_000
const statementTimeout = 15_000
const maxIdle = 20_000
/** Milliseconds to wait for another relay, such as one that updates the tables. */
const lockTimeout = 60_000

const dialect: Dialect = {
  countedKey: 'BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY',
  now: 'CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)',
  unlogged: 'UNLOGGED',
  skipLocked: 'FOR UPDATE SKIP LOCKED',
}

/** Opens a Postgres database and updates its tables. */
export async function openPostgres(connectionString: string, logger: Logger): Promise<PostgresDatabase> {
  // Bundlers must not resolve it: pg is installed only for Postgres.
  const { default: pg } = await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'pg'
  ).catch((error: unknown) => {
    throw explainMissingPeer(error)
  })
  const settings = {
    connectionString,
    application_name: 'client-secret-relay',
    keepAlive: true,
    connectionTimeoutMillis: connectionTimeout,
    query_timeout: statementTimeout,
    // A relay that freezes in the middle of a transaction must not block the others.
    idle_in_transaction_session_timeout: maxIdle,
  }
  const pool = new pg.Pool({ ...settings, max: maxConnections })
  // The pool replaces a broken idle connection itself. Without a handler, the error would end the process.
  pool.on('error', ignore)
  // The pool handles errors of idle connections only. A connection in use may break between two statements: the next
  // statement reports it, and this handler keeps the process alive until then.
  const clients = new Set<PoolClient>()
  pool.on('connect', (client) => {
    client.on('error', ignore)
    clients.add(client.once('end', () => clients.delete(client)))
  })
  async function endPool(): Promise<void> {
    await pool.end()
    for (const client of clients) letGo(client)
  }
  const driver = postgresDriver(pool, readNumbers(pg.types))
  try {
    await checkEncoding(driver)
    await migrate(driver)
    await readClock(driver)
  } catch (error) {
    await endPool()
    throw isClientSecretError(error) ? cannotBeReached(error.cause) : error
  }
  const relay = randomUUID()
  const peers = connectPeerChannel(() => new pg.Client(settings), relay, logger)
  return {
    ...driver,
    relay,
    peers,
    executeSql: (text, values) => orUnavailable(() => pool.query(text, values)),
    async close() {
      await peers.close()
      await endPool()
    },
  }
}

function postgresDriver(pool: Pool, types: CustomTypesConfig): Omit<Database, 'close'> {
  let known = { time: 0, at: thisMoment() }
  return {
    dialect,
    ...connectionOf(pool, types),
    now: () => Math.round(known.time + since(known.at)),
    setNow: (time, at) => void (known = { time, at }),
    async transaction<Result>(locks: readonly string[], work: (transaction: Transaction) => Promise<Result>) {
      const client = await orUnavailable(() => pool.connect())
      const happenings: (() => void)[] = []
      let failure: Error | undefined
      try {
        const connection = connectionOf(client, types)
        // One statement instead of two, because other requests wait in the queue.
        const locking = (before: string[], names: readonly string[]) => {
          const locks = lockNumbers(names).map((number) => `SELECT pg_advisory_xact_lock(${number})`)
          const text = [...before, ...locks].join('; ')
          return orUnavailable(() => client.query({ text, query_timeout: lockTimeout } as { text: string }))
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
        // A refused request leaves the connection intact.
        if (isClientSecretError(error) && error.code !== 'UNAVAILABLE')
          await client.query('ROLLBACK').then(() => (failure = undefined), ignore)
        throw error
      } finally {
        // After a failure, the pool closes the connection, which ends the transaction too.
        client.release(failure)
      }
    },
  }
}

/** The others lack characters that requests and answers have. Postgres does not convert with SQL_ASCII. */
async function checkEncoding(database: Connection): Promise<void> {
  const [row] = await database.query<{ server_encoding: string }>('SHOW server_encoding')
  const encoding = row!.server_encoding
  if (encoding === 'UTF8' || encoding === 'SQL_ASCII') return
  throw startFailure({
    reason: `its database has the encoding ${encoding}, which cannot store every answer`,
    remedy: "Give it a database made with ENCODING 'UTF8' TEMPLATE template0.",
  })
}

/** The first reading of the clock. The heartbeat repeats it. */
async function readClock(database: Pick<Database, 'query' | 'setNow'>): Promise<void> {
  const at = thisMoment()
  const [row] = await database.query<{ now: number }>(`SELECT ${dialect.now} AS now`)
  database.setNow(row!.now, at)
}

function ignore(): void {}

/** Postgres identifies locks by numbers. They are sorted, to avoid deadlocks between two transactions. */
function lockNumbers(names: readonly string[]): bigint[] {
  const numbers = names.map((name) => createHash('sha256').update(name).digest().readBigInt64BE())
  return numbers.sort((one, other) => (one < other ? -1 : 1))
}

/** Postgres gives a BIGINT as text, because it may be greater than a number. Those of the relay are not. */
function readNumbers(types: CustomTypesConfig): CustomTypesConfig {
  const bigint = 20
  const getTypeParser = (id: number, format?: 'text'): unknown =>
    id === bigint ? Number : types.getTypeParser(id, format)
  return { getTypeParser: getTypeParser as CustomTypesConfig['getTypeParser'] }
}

function connectionOf(queryable: Pool | PoolClient, types: CustomTypesConfig): Connection {
  return {
    async query<Row>(sql: string, parameters: readonly Value[] = []) {
      const statement = { text: sql, values: parameters.map(storable), types }
      const { rows } = await orUnavailable(() => queryable.query(statement))
      return rows as Row[]
    },
  }
}

/** Postgres cannot store this character in a text. */
function storable(value: Value): Value {
  return typeof value === 'string' ? value.replaceAll('\u0000', '\ufffd') : value
}

/** Throws `UNAVAILABLE` if the database is unavailable. */
async function orUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    throw isUnavailable(cause) ? databaseUnavailable(cause) : cause
  }
}

/**
 * Codes of a refused, lost or ended connection (08, 57P), of a server that has too little of something, such as room on
 * its disk (53) or of a failing disk (58030), of a database that is read-only for now (25006) and of statements that
 * Postgres ended, to be sent again (57014, 40, 55P03); and the messages of pg for the first ones.
 */
function isUnavailable(thrown: unknown): boolean {
  const { code = '', message = '' } = thrown as { code?: string; message?: string }
  return (
    /^(08|57P|57014|53|58030|25006|25P03|40|55P03|EPIPE|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)/.test(
      code,
    ) ||
    /^(Connection terminated|timeout e|timeout exceeded|Query read timeout|Client (was closed|has encountered)|read ECONN)/i.test(
      message,
    )
  )
}

function cannotBeReached(cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : String(cause)
  return startFailure(
    {
      reason: `its database could not be reached: ${reason}`,
      remedy: 'Check the address in the option database, and that Postgres is running there.',
    },
    cause,
  )
}

/** Runs the statements of pg-boss in a transaction of the relay. */
export function withinTransaction(transaction: Transaction): Pick<PostgresDatabase, 'executeSql'> {
  return {
    executeSql: async (text, values = []) => ({ rows: await transaction.query(text, values as Value[]) }),
  }
}
