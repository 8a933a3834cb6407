import type { UpstreamResponse, WireError } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { Database, Value } from './database.ts'
import { jsonText } from '../common/json-text.ts'
import {
  hash,
  type Draft,
  type OwnedRecord,
  type Outcome,
  type RecordSummary,
  type StoredRecord,
} from './stored-record.ts'

export const isUnsettled = `status IN ('pending', 'running')`

/**
 * The time by the clock of the database: the clocks of its relays may differ. As a subquery it is evaluated once, so
 * that Postgres can compare it with an index.
 */
export function sharedNow({ dialect }: Pick<Database, 'dialect'>): string {
  return `(SELECT ${dialect.now})`
}

/**
 * Unsettled records of the same queue, up to and including this one; and in a shared queue, the round of its turn:
 * shared-queue-places.ts makes the place of it.
 */
export const place = `CASE WHEN queue_name IS NULL OR NOT ${isUnsettled} THEN NULL
  ELSE (SELECT round FROM shared_turns WHERE shared_turns.id = records.id) END AS round,
  CASE WHEN queue_name IS NULL OR NOT ${isUnsettled} OR EXISTS (SELECT 1 FROM shared_turns WHERE shared_turns.id = records.id) THEN 0
  ELSE (SELECT count(*) FROM records AS ahead WHERE ahead.concurrency_key = records.concurrency_key AND ahead.${isUnsettled} AND ahead.seq <= records.seq)
  END AS place`

/** A column of a record. */
interface Column {
  /** The field of a summary that it fills. */
  field?: Exclude<keyof RecordSummary, 'place'>
  /** Its value in a new record. Without it, the database makes the value. */
  write?: (draft: Draft) => Value
}

/** The columns of a record, in the order of the table. `trace`, `request` and `response` are not in a summary. */
const table = {
  id: { field: 'id', write: ({ id }) => id },
  owner: { field: 'owner', write: ({ owner }) => owner },
  seq: { field: 'seq' },
  key_name: { write: ({ request }) => request.clientSecretName },
  idempotency_key: { write: ({ idempotencyKey }) => hash(idempotencyKey) },
  fingerprint: { write: ({ request }) => hash(jsonText(request)) },
  method: { write: ({ request }) => request.method },
  host: { write: ({ request }) => new URL(request.url).host },
  url_hash: { write: ({ request }) => hash(request.url) },
  queue_name: { field: 'queueName', write: ({ queueName }) => queueName },
  queue_hash: { write: ({ queueName }) => (queueName === null ? null : hash(queueName)) },
  concurrency_key: { field: 'concurrencyKey', write: ({ concurrencyKey }) => concurrencyKey },
  relay: { field: 'relay', write: ({ relay }) => relay },
  status: { field: 'status', write: ({ status }) => status },
  version: { field: 'version', write: ({ version }) => version },
  error: { field: 'error', write: (draft) => endingOf(draft).error },
  upstream_status: { write: (draft) => endingOf(draft).upstreamStatus },
  created_at: { field: 'createdAt', write: ({ createdAt }) => createdAt },
  updated_at: { field: 'updatedAt', write: ({ updatedAt }) => updatedAt },
  expires_at: { field: 'expiresAt', write: ({ expiresAt }) => expiresAt },
  attempted_at: { field: 'attemptedAt', write: ({ attemptedAt }) => attemptedAt },
  not_before: { field: 'notBefore', write: ({ notBefore }) => notBefore },
  trace: { write: ({ trace }) => trace },
  request: { write: ({ request }) => jsonText(request) },
  response: { write: (draft) => endingOf(draft).response },
} satisfies Record<string, Column>

/** The name of a column. */
export type ColumnName = keyof typeof table

/** The columns of a summary, under the names of its fields: a row is a summary whose error is a text. */
export const summaryColumns = Object.entries<Column>(table)
  .filter(([, { field }]) => field !== undefined)
  .map(([column, { field }]) => `${column} AS "${field}"`)
  .join(', ')
export const columns = `${summaryColumns}, trace, request, response`

/** A row of `summaryColumns`, with what `place` adds. */
export interface SummaryRow extends Omit<RecordSummary, 'error' | 'place'> {
  error: string | null
  place?: number
  /** The round of its turn, if it is unsettled in a shared queue. */
  round?: number | null
}

export interface Row extends SummaryRow {
  /** Only in `columns`. */
  trace?: string | null
  request: string
  response: string | null
}

const written = Object.entries<Column>(table).flatMap(([column, { write }]) => (write ? [{ column, write }] : []))
export const insertedColumns = written.map(({ column }) => column).join(', ')

/** The values of a new record, in the order of `insertedColumns`. */
export function rowOf(draft: Draft): Value[] {
  return written.map(({ write }) => write(draft))
}

/** How a run ended, as the columns store it. */
export interface Ending {
  status: string
  response: string | null
  error: string | null
  upstreamStatus: number | null
}

export function endingOf({
  status,
  response,
  error,
}: Pick<StoredRecord, 'status' | 'response' | 'error'> | Outcome): Ending {
  return {
    status,
    response: response ? jsonText(response) : null,
    error: error ? JSON.stringify(error) : null,
    upstreamStatus: response?.status ?? null,
  }
}

/** A row with invalid JSON, after damage to the disk or a change by hand. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError'
}

/** Works for every row: a record with an unreadable request can still be settled and listed. */
export function summaryOf({ error, place = 0, ...row }: SummaryRow): RecordSummary {
  return { ...row, place, error: error === null ? null : errorOf(error) }
}

export function errorOf(text: string): WireError {
  try {
    return JSON.parse(text) as WireError
  } catch {
    return unreadable
  }
}

/** The error of a record that cannot be read. */
export const unreadable: WireError = {
  code: 'INTERNAL',
  message: 'The relay can no longer read this request in its database. Send it again.',
}

/** @throws UnreadableRecordError */
export function recordOf(row: Row): StoredRecord {
  try {
    return {
      ...summaryOf(row),
      trace: row.trace ?? null,
      request: JSON.parse(row.request) as ClientSecretRequest,
      response: row.response === null ? null : (JSON.parse(row.response) as UpstreamResponse),
    }
  } catch {
    // Without the cause: the message of JSON.parse quotes the text.
    throw new UnreadableRecordError(`The record ${row.id} cannot be read: its request or response is not JSON.`)
  }
}

/** As much of a row as is readable. */
export function ownedRecordOf(row: Row): OwnedRecord {
  return readable([row])[0] ?? { ...summaryOf(row), request: undefined, response: null }
}

/** The readable ones of these rows: an unreadable one must not stop the others. */
export function readable(rows: readonly Row[]): StoredRecord[] {
  return rows.flatMap((row) => {
    try {
      return [recordOf(row)]
    } catch {
      return []
    }
  })
}

/** Parameters for a list of values, after so many others. */
export function parameterList(values: readonly unknown[], others: number): string {
  return values.map((_, index) => `$${index + others + 1}`).join(', ')
}
