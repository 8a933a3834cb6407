import type { SharedQueue } from '../common/queue-options.ts'
import type { Connection, Database, Transaction } from './database.ts'
import {
  columns,
  isUnsettled,
  parameterList,
  readable,
  sharedNow,
  summaryColumns,
  summaryOf,
  type Row,
  type SummaryRow,
} from './record-columns.ts'
import { livingRelays } from './relay-sessions.ts'
import { checkRoom, lengthsOf, type QueueLengths } from './shared-queue-room.ts'
import type { QueuedRecord, RecordSummary, StoredRecord } from './stored-record.ts'

/**
 * The turns and calls of shared queues. All relays count in the same tables, under one lock of the queue and by the
 * clock of the database, so that together they never exceed a limit.
 */
export interface SharedQueueCalls {
  /** Creates the rows of these queues. */
  open(names: readonly string[]): Promise<void>
  /**
   * Gives a new record its turn, in the transaction that writes the record. Throws `QUEUE_FULL` for one record too many.
   *
   * @param caller Has one record in a round. One who begins with `visitor:` shares half of the queue with the others.
   */
  addTurn(record: QueuedRecord, queue: SharedQueue, caller: string, transaction: Transaction): Promise<void>
  /** Whether records of a queue wait. */
  hasWaiting(name: string): Promise<boolean>
  /** Names and lengths of the queues in which records wait. */
  waiting(): Promise<{ queue: string; count: number }[]>
  /** Starts the next records of a queue, as many as its limits and `most` allow. */
  take(queue: SharedQueue, relay: string, most: number): Promise<Taken>
  /** Counts a call as begun now, and no longer at its take. Gives milliseconds to wait if its minute is full by now; null if another relay has taken it over. */
  restart(call: SharedCall, queue: SharedQueue): Promise<number | null>
  /** Ends calls of a relay. They still count in their minute. */
  release(calls: readonly SharedCall[]): Promise<void>
  /** The calls that this relay runs, as far as the database knows. */
  callsOf(relay: string): Promise<SharedCall[]>
  /** The calls of relays without a heartbeat for so many milliseconds, except this relay. */
  orphans(relay: string, silence: number): Promise<SharedCall[]>
  /** The running record of a call; null if it has changed since. */
  recordOf(call: SharedCall): Promise<RecordSummary | null>
  /** No call of the queue with this key to this host begins for so many milliseconds. */
  pause(name: string, keyName: string, host: string, milliseconds: number): Promise<void>
  /** Removes the turns of settled records, and the calls that no longer count. */
  removeOld(): Promise<void>
}

/** A call of a record in a shared queue, at a relay. */
export interface SharedCall {
  id: string
  /** The version of the running record. */
  version: number
  queue: string
  relay: string
}

export interface Taken {
  /** Without the record, if it is unreadable. */
  calls: { call: SharedCall; record: StoredRecord | null }[]
  /** Milliseconds until the queue may start more; null if that depends on the end of calls, or on new records. */
  wait: number | null
}

export interface SharedQueueTimes {
  /** Milliseconds in which `perMinute` counts calls. A call may begin up to a second after its take; see `maxDelay`. */
  window: number
  /** Milliseconds after its last heartbeat in which a relay may take records; Infinity for a relay that is alone. */
  maxSilence: number
}

export function createSharedQueueCalls(database: Database, times: SharedQueueTimes): SharedQueueCalls {
  const now = sharedNow(database)
  const { window, maxSilence } = times
  const lockOf = (name: string) => [`shared queue ${name}`]
  const isAlive =
    maxSilence === Infinity
      ? '1 = 1'
      : `EXISTS (SELECT 1 FROM relays WHERE relays.id = $2 AND seen_at > ${now} - ${maxSilence})`
  /** Its caller has no earlier record that waits or runs, and no call that still ends. */
  const isFirstOfCaller = `NOT EXISTS (SELECT 1 FROM records AS earlier WHERE earlier.concurrency_key = records.concurrency_key
      AND earlier.${isUnsettled} AND earlier.expires_at > ${now} AND earlier.seq < records.seq)
    AND NOT EXISTS (SELECT 1 FROM shared_calls WHERE shared_calls.concurrency_key = records.concurrency_key AND relay IS NOT NULL)`

  const isNotPaused = `NOT EXISTS (SELECT 1 FROM shared_pauses WHERE shared_pauses.queue = $1
    AND shared_pauses.key_name = records.key_name AND shared_pauses.host = records.host AND paused_until > ${now})`

  /** Milliseconds until a further call may begin in this minute; 0 if it may now. */
  async function waitInMinute({ name, perMinute }: SharedQueue, except: string, connection: Connection) {
    if (perMinute === Infinity) return { wait: 0, left: Infinity }
    const [row] = await connection.query<{ count: number; first: number | null }>(
      `SELECT count(*) AS count, min(started_at) + ${window} - ${now} AS first FROM shared_calls
       WHERE queue = $1 AND started_at > ${now} - ${window} AND id <> $2`,
      [name, except],
    )
    const left = perMinute - row!.count
    return { wait: left > 0 ? 0 : Math.max(1, row!.first ?? 1), left }
  }

  async function numbersOf(queue: SharedQueue, connection: Connection) {
    const [row] = await connection.query<{ running: number; pause: number | null; round: number }>(
      `SELECT (SELECT count(*) FROM shared_calls WHERE queue = $1 AND relay IS NOT NULL) AS running,
         (SELECT min(paused_until) FROM shared_pauses WHERE queue = $1 AND paused_until > ${now}) - ${now} AS pause,
         round FROM shared_queues WHERE name = $1`,
      [queue.name],
    )
    const { wait, left } = await waitInMinute(queue, '', connection)
    return {
      free: wait > 0 ? 0 : Math.min(queue.maxConcurrency - row!.running, left),
      wait: wait > 0 ? wait : null,
      /** Milliseconds until the first pause is over. */
      pause: row!.pause,
      round: row!.round,
    }
  }

  return {
    async open(names) {
      for (const name of names)
        await database.query('INSERT INTO shared_queues (name, round) VALUES ($1, 0) ON CONFLICT (name) DO NOTHING', [
          name,
        ])
    },

    // A round is over when the first record of the next one starts. A caller has one record in a round: a new record
    // comes into the present round, or into the one after the last of its caller.
    async addTurn({ id }, queue, caller, transaction) {
      const { name, isFair } = queue
      const round = isFair
        ? `(SELECT max(round) FROM (
             SELECT round FROM shared_queues WHERE name = $2
             UNION ALL SELECT max(round) + 1 FROM shared_calls WHERE caller = $3
             UNION ALL SELECT max(round) + 1 FROM shared_turns JOIN records ON records.id = shared_turns.id
               WHERE shared_turns.caller = $3 AND ${isUnsettled}
           ) AS rounds)`
        : '0'
      const [lengths] = await transaction.query<QueueLengths>(
        `INSERT INTO shared_turns (id, queue, caller, round, seq)
         SELECT id, CAST($2 AS TEXT), CAST($3 AS TEXT), ${round}, seq FROM records WHERE id = $1 RETURNING ${lengthsOf('$2', '$3')}`,
        [id, name, caller],
      )
      await checkRoom(queue, caller, lengths!, transaction)
    },

    async hasWaiting(name) {
      const rows = await database.query(
        `SELECT records.id FROM shared_turns JOIN records ON records.id = shared_turns.id
         WHERE shared_turns.queue = $1 AND status = 'pending' AND expires_at > ${now} LIMIT 1`,
        [name],
      )
      return rows.length > 0
    },

    async waiting() {
      return database.query(
        `SELECT shared_turns.queue, count(*) AS count FROM shared_turns JOIN records ON records.id = shared_turns.id
         WHERE status = 'pending' GROUP BY shared_turns.queue`,
      )
    },

    take: (queue, relay, most) =>
      database.transaction(lockOf(queue.name), async (transaction) => {
        const { free, wait, pause, round } = await numbersOf(queue, transaction)
        const count = Math.min(free, most)
        if (count <= 0) return { calls: [], wait }
        const rows = await transaction.query<Row>(
          `UPDATE records SET status = 'running', version = version + 1, updated_at = $3, attempted_at = coalesce(attempted_at, $3)
           WHERE id IN (
             SELECT records.id FROM shared_turns JOIN records ON records.id = shared_turns.id
             WHERE shared_turns.queue = $1 AND status = 'pending' AND not_before <= ${now} AND expires_at > ${now} AND ${isFirstOfCaller} AND ${isNotPaused}
             ORDER BY shared_turns.round, shared_turns.seq LIMIT $4
           ) AND status = 'pending' AND ${isAlive} RETURNING ${columns}`,
          [queue.name, relay, database.now(), count],
        )
        if (rows.length === 0) return { calls: [], wait: pause }
        const taken = parameterList(rows, 2)
        const rounds = await transaction.query<{ round: number }>(
          `INSERT INTO shared_calls (id, version, queue, concurrency_key, caller, round, relay, started_at)
           SELECT records.id, version, CAST($1 AS TEXT), records.concurrency_key, caller, round, CAST($2 AS TEXT), ${now}
           FROM records JOIN shared_turns ON shared_turns.id = records.id WHERE records.id IN (${taken}) RETURNING round`,
          [queue.name, relay, ...rows.map(({ id }) => id)],
        )
        const newest = Math.max(round, ...rounds.map((one) => one.round))
        await transaction.query('UPDATE shared_queues SET round = $2 WHERE name = $1', [queue.name, newest])
        return { calls: rows.map((row) => takenOf(row, queue.name, relay)), wait: null }
      }),

    restart: ({ id, version, relay }, queue) =>
      database.transaction(lockOf(queue.name), async (transaction) => {
        const { wait } = await waitInMinute(queue, id, transaction)
        const rows = await transaction.query(
          `UPDATE shared_calls SET started_at = ${wait > 0 ? 'started_at' : now} WHERE id = $1 AND version = $2 AND relay = $3
             AND EXISTS (SELECT 1 FROM records WHERE records.id = $1 AND records.version = $2 AND status = 'running') RETURNING id`,
          [id, version, relay],
        )
        return rows.length > 0 ? wait : null
      }),

    async release(calls) {
      for (const { id, version, relay } of calls)
        await database.query('UPDATE shared_calls SET relay = NULL WHERE id = $1 AND version = $2 AND relay = $3', [
          id,
          version,
          relay,
        ])
    },

    callsOf: (relay) =>
      database.query<SharedCall>('SELECT id, version, queue, relay FROM shared_calls WHERE relay = $1', [relay]),

    orphans: (relay, silence) =>
      database.query<SharedCall>(
        `SELECT id, version, queue, relay FROM shared_calls WHERE relay IS NOT NULL AND relay <> $1
         AND relay NOT IN (${livingRelays(database.dialect, '$2')})`,
        [relay, silence],
      ),

    async recordOf({ id, version }) {
      const [row] = await database.query<SummaryRow>(
        `SELECT ${summaryColumns} FROM records WHERE id = $1 AND version = $2 AND status = 'running'`,
        [id, version],
      )
      return row ? summaryOf(row) : null
    },

    async pause(name, keyName, host, milliseconds) {
      await database.query(
        `INSERT INTO shared_pauses (queue, key_name, host, paused_until) VALUES ($1, $2, $3, ${now} + CAST($4 AS BIGINT))
         ON CONFLICT (queue, key_name, host) DO UPDATE SET paused_until = excluded.paused_until
         WHERE shared_pauses.paused_until < excluded.paused_until`,
        [name, keyName, host, Math.ceil(milliseconds)],
      )
    },

    async removeOld() {
      await database.transaction(['shared queues'], async (transaction) => {
        await transaction.query(`DELETE FROM shared_pauses WHERE paused_until <= ${now}`)
        await transaction.query(`DELETE FROM shared_calls WHERE relay IS NULL AND started_at <= ${now} - ${window}`)
        await transaction.query(
          `DELETE FROM shared_turns WHERE NOT EXISTS (SELECT 1 FROM records WHERE records.id = shared_turns.id AND ${isUnsettled})`,
        )
      })
    },
  }
}

function takenOf(row: Row, queue: string, relay: string): Taken['calls'][number] {
  const { id, version } = summaryOf(row)
  return { call: { id, version, queue, relay }, record: readable([row])[0] ?? null }
}
