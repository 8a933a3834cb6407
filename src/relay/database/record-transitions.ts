import { batched } from './batched.ts'
import type { Database, Value } from './database.ts'
import {
  columns,
  endingOf,
  isUnsettled,
  readable,
  recordOf,
  sharedNow,
  type Ending,
  type Row,
} from './record-columns.ts'
import type { Outcome, RecordVersion, StoredRecord } from './stored-record.ts'

/** The changes of a record's status. Each changes a record only if it is as the caller has seen it. */
export interface RecordTransitions {
  /**
   * Starts the first record of each concurrency key, if it is pending and due; none after `deadline`, by the clock of
   * the database. An unreadable record starts too, but is not returned: it is settled later, like the record of a dead
   * relay. Each record keeps the lease under which it runs, for `leasesOfDead`.
   */
  take(
    asked: readonly { concurrencyKey: string; lease: string | null }[],
    deadline?: number,
    takenAt?: number,
  ): Promise<StoredRecord[]>
  /** Runs a failed record again, at this relay; null if it has changed. */
  restart(seen: RecordVersion, relay: string | null): Promise<StoredRecord | null>
  /** Ends a running record; false if it has ended or restarted. */
  settle(seen: RecordVersion, outcome: Outcome): Promise<boolean>
  /** Writes the outcome of a direct request that another relay has settled as interrupted; false if none has. */
  correct(interrupted: RecordVersion, outcome: Outcome): Promise<boolean>
  /** Cancels a record that has this status; false if it has another one. */
  cancel(id: string, from: 'pending' | 'running'): Promise<boolean>
  /** Makes a running record pending again, until `notBefore` if it is given; false if it has ended. */
  requeue(seen: RecordVersion, notBefore?: number): Promise<boolean>
  /**
   * Keeps running background records for so many milliseconds before they are requeued or failed; once for each run.
   * For the start of a relay that is alone: a dead process ran them.
   */
  postponeInterrupted(milliseconds: number): Promise<void>
}

export function createRecordTransitions(database: Database): RecordTransitions {
  const now = sharedNow(database)
  const settle = batched(
    (settled: SeenEnding[]) => writeEndings(settled, database),
    ({ response }) => response?.length ?? 0,
  )

  return {
    async take(asked, deadline = Number.MAX_SAFE_INTEGER, takenAt = database.now()) {
      const rows = await database.query<Row>(
        `WITH asked (concurrency_key, lease) AS (VALUES ${asked.map((_, index) => `($${2 * index + 3}, $${2 * index + 4})`).join(', ')})
         UPDATE records SET status = 'running', version = version + 1, updated_at = $1, attempted_at = coalesce(attempted_at, $1),
           lease = (SELECT max(lease) FROM asked WHERE asked.concurrency_key = records.concurrency_key)
         WHERE id IN (
           SELECT (SELECT id FROM records WHERE concurrency_key = asked.concurrency_key AND ${isUnsettled} AND expires_at > ${now} ORDER BY seq LIMIT 1) FROM asked
         ) AND status = 'pending' AND not_before <= ${now} AND ${database.dialect.now} < $2 RETURNING ${columns}`,
        [takenAt, deadline, ...asked.flatMap(({ concurrencyKey, lease }) => [concurrencyKey, lease])],
      )
      return readable(rows)
    },

    async restart({ id, version }, relay) {
      const [row] = await database.query<Row>(
        `UPDATE records SET status = 'running', version = version + 1, updated_at = $3, error = NULL, relay = $4
         WHERE id = $1 AND version = $2 AND status = 'failed' AND expires_at > ${now} RETURNING ${columns}`,
        [id, version, database.now(), relay],
      )
      return row ? recordOf(row) : null
    },

    settle: (seen, outcome) => settle({ ...seen, ...endingOf(outcome) }),

    async correct({ id, version }, outcome) {
      const { status, response, error, upstreamStatus } = endingOf(outcome)
      const rows = await database.query(
        `UPDATE records SET status = $3, version = version + 1, response = $4, error = $5, upstream_status = CAST($6 AS BIGINT), updated_at = $7
         WHERE id = $1 AND version = CAST($2 AS BIGINT) + 1 AND status = 'failed' AND relay IS NOT NULL AND error LIKE '{"code":"INTERRUPTED"%' RETURNING id`,
        [id, version, status, response, error, upstreamStatus, database.now()],
      )
      return rows.length > 0
    },

    async cancel(id, from) {
      const rows = await database.query(
        `UPDATE records SET status = 'cancelled', version = version + 1, updated_at = $3 WHERE id = $1 AND status = $2 RETURNING id`,
        [id, from, database.now()],
      )
      return rows.length > 0
    },

    async requeue({ id, version }, notBefore = Date.now()) {
      const rows = await database.query(
        `UPDATE records SET status = 'pending', version = version + 1, not_before = ${now} + CAST($3 AS BIGINT), updated_at = $4 WHERE id = $1 AND version = $2 AND status = 'running' RETURNING id`,
        // The caller's time is by the clock of this relay; the column is by that of the database.
        [id, version, notBefore - Date.now(), database.now()],
      )
      return rows.length > 0
    },

    async postponeInterrupted(milliseconds) {
      // A run starts only after `not_before`. A later `not_before` comes from an earlier start, whose process died too.
      await database.query(
        `UPDATE records SET not_before = ${now} + CAST($1 AS BIGINT)
         WHERE ${isUnsettled} AND status = 'running' AND relay IS NULL AND not_before <= updated_at`,
        [milliseconds],
      )
    },
  }
}

type SeenEnding = RecordVersion & Ending

/** For each: true if the record was running and has settled now. */
async function writeEndings(endings: readonly SeenEnding[], database: Database): Promise<boolean[]> {
  const parameters: Value[] = [database.now()]
  const values = endings.map(
    ({ id, version, status, response, error, upstreamStatus }) =>
      `($${parameters.push(id)}, CAST($${parameters.push(version)} AS BIGINT), $${parameters.push(status)}, $${parameters.push(response)}, $${parameters.push(error)}, CAST($${parameters.push(upstreamStatus)} AS BIGINT))`,
  )
  const rows = await database.query<{ id: string }>(
    `WITH ended (id, version, status, response, error, upstream_status) AS (VALUES ${values.join(', ')})
     UPDATE records SET status = ended.status, version = records.version + 1, response = ended.response, error = ended.error, upstream_status = ended.upstream_status, updated_at = $1
     FROM ended WHERE records.id = ended.id AND records.version = ended.version AND records.status = 'running' RETURNING records.id`,
    parameters,
  )
  const settled = new Set(rows.map(({ id }) => id))
  return endings.map(({ id }) => settled.has(id))
}
