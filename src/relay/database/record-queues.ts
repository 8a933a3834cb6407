import type { Connection, Database } from './database.ts'
import { isUnsettled, parameterList, sharedNow, summaryColumns, summaryOf, type SummaryRow } from './record-rows.ts'
import type { OwnedLine, RecordSummary, RecordVersion } from './stored-record.ts'

/** The order of unsettled records, and their expiry. */
export interface RecordQueues {
  /** The first unsettled record of a line that has not expired. */
  next(line: string): Promise<RecordSummary | null>
  /** The lines among these that have unsettled records. */
  notEmpty(lines: readonly string[], connection: Connection): Promise<string[]>
  /** The lines with background records to run, the one that waits longest first. */
  lines(): Promise<OwnedLine[]>
  /** Whether a record is unsettled and still has this version. */
  isCurrent(seen: RecordVersion): Promise<boolean>
  /** Unsettled direct requests of this relay. */
  claimsOf(relay: string): Promise<RecordSummary[]>
  /** Unsettled direct requests of relays without a heartbeat for so many milliseconds. */
  orphans(silence: number): Promise<RecordSummary[]>
  /** Removes a batch of expired records. `isFull`: there may be more of them. */
  removeExpired(): Promise<{ lines: string[]; isFull: boolean }>
}

/** One statement removes so many records, so that other statements do not wait long for it. */
const removedAtOnce = 1_000

export function createRecordQueues(database: Database): RecordQueues {
  const now = sharedNow(database)

  return {
    async next(line) {
      const [row] = await database.query<SummaryRow & { pause: number }>(
        `SELECT ${summaryColumns}, not_before - ${now} AS pause FROM records WHERE line = $1 AND ${isUnsettled} AND expires_at > ${now} ORDER BY seq LIMIT 1`,
        [line],
      )
      // The caller waits by the clock of this relay.
      return row ? { ...summaryOf(row), notBefore: Date.now() + Number(row.pause) } : null
    },

    async notEmpty(lines, connection) {
      const rows = await connection.query<{ line: string }>(
        `SELECT DISTINCT line FROM records WHERE line IN (${parameterList(lines, 0)}) AND ${isUnsettled} AND expires_at > ${now}`,
        lines,
      )
      return rows.map(({ line }) => line)
    },

    async lines() {
      return database.query<OwnedLine>(
        `SELECT line, min(owner) AS owner FROM records WHERE ${isUnsettled} AND relay IS NULL GROUP BY line ORDER BY min(seq)`,
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
         AND relay NOT IN (SELECT id FROM relays WHERE seen_at > ${database.dialect.now} - $1)`,
        [silence],
      )
      return rows.map(summaryOf)
    },

    async removeExpired() {
      const rows = await database.query<{ line: string }>(
        `DELETE FROM records WHERE id IN (SELECT id FROM records WHERE expires_at <= ${now} LIMIT ${removedAtOnce} ${database.dialect.skipLocked}) RETURNING line`,
      )
      return {
        lines: [...new Set(rows.map(({ line }) => line))],
        isFull: rows.length === removedAtOnce,
      }
    },
  }
}
