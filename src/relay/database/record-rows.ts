import type { RecordStatus, UpstreamResponse, WireError } from '../../protocol/record.ts'
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

export const summaryColumns =
  'id, owner, seq, queue_name, concurrency_key, status, version, error, created_at, updated_at, expires_at, attempted_at, not_before, relay'
export const columns = `${summaryColumns}, request, response`

export interface SummaryRow {
  id: string
  owner: string
  seq: number
  queue_name: string | null
  concurrency_key: string
  status: RecordStatus
  version: number
  error: string | null
  created_at: number
  updated_at: number
  expires_at: number
  attempted_at: number | null
  not_before: number
  relay: string | null
  place?: number
  /** The round of its turn, if it is unsettled in a shared queue. */
  round?: number | null
}

export interface Row extends SummaryRow {
  request: string
  response: string | null
}

/** The columns of a new record, and where their values come from. The database adds `seq`. */
const insertedValues: Record<string, (draft: Draft) => Value> = {
  id: ({ id }) => id,
  owner: ({ owner }) => owner,
  key_name: ({ request }) => request.clientSecretName,
  idempotency_key: ({ idempotencyKey }) => hash(idempotencyKey),
  fingerprint: ({ request }) => hash(jsonText(request)),
  method: ({ request }) => request.method,
  host: ({ request }) => new URL(request.url).host,
  url_hash: ({ request }) => hash(request.url),
  queue_name: ({ queueName }) => queueName,
  queue_hash: ({ queueName }) => (queueName === null ? null : hash(queueName)),
  concurrency_key: ({ concurrencyKey }) => concurrencyKey,
  relay: ({ relay }) => relay,
  status: ({ status }) => status,
  version: ({ version }) => version,
  request: ({ request }) => jsonText(request),
  response: (draft) => endingOf(draft).response,
  error: (draft) => endingOf(draft).error,
  upstream_status: (draft) => endingOf(draft).upstreamStatus,
  created_at: ({ createdAt }) => createdAt,
  updated_at: ({ updatedAt }) => updatedAt,
  expires_at: ({ expiresAt }) => expiresAt,
  attempted_at: ({ attemptedAt }) => attemptedAt,
  not_before: ({ notBefore }) => notBefore,
}
const valuesInOrder = Object.values(insertedValues)
export const insertedColumns = Object.keys(insertedValues).join(', ')

/** The values of a new record, in the order of `insertedColumns`. */
export function rowOf(draft: Draft): Value[] {
  return valuesInOrder.map((valueOf) => valueOf(draft))
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
export function summaryOf(row: SummaryRow): RecordSummary {
  return {
    id: row.id,
    owner: row.owner,
    seq: Number(row.seq),
    queueName: row.queue_name,
    concurrencyKey: row.concurrency_key,
    status: row.status,
    version: Number(row.version),
    notBefore: Number(row.not_before),
    relay: row.relay,
    attemptedAt: row.attempted_at === null ? null : Number(row.attempted_at),
    place: Number(row.place ?? 0),
    error: row.error === null ? null : errorOf(row.error),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    expiresAt: Number(row.expires_at),
  }
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
