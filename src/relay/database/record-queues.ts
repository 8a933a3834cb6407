import type { Connection, Database } from './database.ts'
import { isUnsettled, parameterList, sharedNow, summaryColumns, summaryOf, type SummaryRow } from './record-columns.ts'
import { livingRelays } from './relay-sessions.ts'
import type { OwnedKey, RecordSummary, RecordVersion } from './stored-record.ts'

/** The unsettled requests of one shared queue; of all other queues together, with an empty name. */
export interface QueueDepth {
  queue: string
  status: 'pending' | 'running'
  count: number
  /** Milliseconds since the oldest one arrived. */
  age: number
}

/** The order of unsettled records, and their expiry. */
export interface RecordQueues {
  /** The unsettled requests of all relays on this database. */
  depths(): Promise<QueueDepth[]>
  /** The first unsettled record of a concurrency key that has not expired. */
  next(concurrencyKey: string): Promise<RecordSummary | null>
  /** The concurrency keys among these that have unsettled records. */
  notEmpty(concurrencyKeys: readonly string[], connection: Connection): Promise<string[]>
  /** The concurrency keys with background records to run, except those in shared queues; the one that waits longest first. */
  concurrencyKeys(): Promise<OwnedKey[]>
  /** Whether a record is unsettled and still has this version. */
  isCurrent(seen: RecordVersion): Promise<boolean>
  /** Unsettled direct requests of this relay. */
  claimsOf(relay: string): Promise<RecordSummary[]>
  /** Unsettled direct requests of relays without a heartbeat for so many milliseconds. */
  orphans(silence: number): Promise<RecordSummary[]>
  /** The leases under which such relays ran, or may still run, unsettled background requests. */
  leasesOfDead(silence: number): Promise<string[]>
  /** Removes a batch of expired records. `isFull`: there may be more of them. */
  removeExpired(): Promise<{ concurrencyKeys: string[]; queueNames: string[]; isFull: boolean }>
}

/** One statement removes so many records, so that other statements do not wait long for it. */
const removedAtOnce = 1_000
/** A lease begins with the id of its relay, a UUID. */
const relayLength = 36

export function createRecordQueues(database: Database): RecordQueues {
  const now = sharedNow(database)

  return {
    depths: () =>
      database.query<QueueDepth>(
        `SELECT coalesce(shared_turns.queue, '') AS queue, status, count(*) AS count, ${now} - min(records.created_at) AS age
         FROM records LEFT JOIN shared_turns ON shared_turns.id = records.id WHERE ${isUnsettled} GROUP BY 1, 2`,
      ),

    async next(concurrencyKey) {
      const [row] = await database.query<SummaryRow & { pause: number }>(
        `SELECT ${summaryColumns}, not_before - ${now} AS pause FROM records WHERE concurrency_key = $1 AND ${isUnsettled} AND expires_at > ${now} ORDER BY seq LIMIT 1`,
        [concurrencyKey],
      )
      // The caller waits by the clock of this relay.
      return row ? { ...summaryOf(row), notBefore: Date.now() + row.pause } : null
    },

    async notEmpty(concurrencyKeys, connection) {
      const rows = await connection.query<{ concurrency_key: string }>(
        `SELECT DISTINCT concurrency_key FROM records WHERE concurrency_key IN (${parameterList(concurrencyKeys, 0)}) AND ${isUnsettled} AND expires_at > ${now}`,
        concurrencyKeys,
      )
      return rows.map(({ concurrency_key }) => concurrency_key)
    },

    async concurrencyKeys() {
      return database.query<OwnedKey>(
        `SELECT concurrency_key AS "concurrencyKey", min(owner) AS owner FROM records WHERE ${isUnsettled} AND relay IS NULL AND id NOT IN (SELECT id FROM shared_turns) GROUP BY concurrency_key ORDER BY min(seq)`,
      )
    },

    async isCurrent({ id, version }) {
      const rows = await database.query(`SELECT id FROM records WHERE id = $1 AND version = $2 AND ${isUnsettled}`, [
        id,
        version,
      ])
      return rows.length > 0
    },

    async claimsOf(relay) {
      const rows = await database.query<SummaryRow>(
        `SELECT ${summaryColumns} FROM records WHERE ${isUnsettled} AND relay = $1`,
        [relay],
      )
      return rows.map(summaryOf)
    },

    async orphans(silence) {
      const rows = await database.query<SummaryRow>(
        `SELECT ${summaryColumns} FROM records WHERE ${isUnsettled} AND relay IS NOT NULL
         AND relay NOT IN (${livingRelays(database.dialect, '$1')})`,
        [silence],
      )
      return rows.map(summaryOf)
    },

    async leasesOfDead(silence) {
      const rows = await database.query<{ lease: string }>(
        `SELECT DISTINCT lease FROM records WHERE ${isUnsettled} AND lease IS NOT NULL
         AND substr(lease, 1, ${relayLength}) NOT IN (${livingRelays(database.dialect, '$1')})`,
        [silence],
      )
      return rows.map(({ lease }) => lease)
    },

    async removeExpired() {
      const rows = await database.query<{ concurrency_key: string; queue_name: string | null }>(
        `DELETE FROM records WHERE id IN (SELECT id FROM records WHERE expires_at <= ${now} LIMIT ${removedAtOnce} ${database.dialect.skipLocked}) RETURNING concurrency_key, queue_name`,
      )
      return {
        concurrencyKeys: [...new Set(rows.map(({ concurrency_key }) => concurrency_key))],
        queueNames: [...new Set(rows.flatMap(({ queue_name }) => queue_name ?? []))],
        isFull: rows.length === removedAtOnce,
      }
    },
  }
}
