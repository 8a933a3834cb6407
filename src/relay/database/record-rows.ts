import type { RecordStatus, UpstreamResponse, WireError } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { Value } from './database.ts'
import { jsonText } from '../common/json-text.ts'
import {
  hash,
  type Draft,
  type Outcome,
  type RecordSummary,
  type RecordVersion,
  type StoredRecord,
  type ToldRecord,
} from './stored-record.ts'

export const isUnsettled = `status IN ('pending', 'running')`
export const headColumns =
  'id, owner, seq, queue_name, line, status, version, error, created_at, updated_at, expires_at, attempted_at, not_before, relay'
export const columns = `${headColumns}, request, response`
export const place = `CASE WHEN queue_name IS NULL OR NOT ${isUnsettled} THEN 0 ELSE
  (SELECT count(*) FROM records AS ahead WHERE ahead.line = records.line AND ahead.${isUnsettled} AND ahead.seq <= records.seq)
  END AS place`

export const insertedColumns =
  'id, owner, key_name, idempotency_key, fingerprint, method, url_hash, queue_name, queue_hash, line, relay, status, version, request, response, error, created_at, updated_at, expires_at, attempted_at, not_before, host, upstream_status'

export interface HeadRow {
  id: string
  owner: string
  seq: number
  queue_name: string | null
  line: string
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
}

export interface Row extends HeadRow {
  request: string
  response: string | null
}

/** In the order of `insertedColumns`. */
export function rowOf(draft: Draft): Value[] {
  const request = jsonText(draft.request)
  const { response, error, upstreamStatus } = written(draft)
  return [
    draft.id,
    draft.owner,
    draft.request.clientSecretName,
    hash(draft.idempotencyKey),
    hash(request),
    draft.request.method,
    hash(draft.request.url),
    draft.queueName,
    draft.queueName === null ? null : hash(draft.queueName),
    draft.line,
    draft.relay,
    draft.status,
    draft.version,
    request,
    response,
    error,
    draft.createdAt,
    draft.updatedAt,
    draft.expiresAt,
    draft.attemptedAt,
    draft.notBefore,
    new URL(draft.request.url).host,
    upstreamStatus,
  ]
}

export type Ended = RecordVersion & {
  status: string
  response: string | null
  error: string | null
  upstreamStatus: number | null
}

export function written({
  status,
  response,
  error,
}: Pick<StoredRecord, 'status' | 'response' | 'error'> | Outcome): Omit<Ended, keyof RecordVersion> {
  return {
    status,
    response: response ? jsonText(response) : null,
    error: error ? JSON.stringify(error) : null,
    upstreamStatus: response?.status ?? null,
  }
}

/** A row whose JSON is not JSON any more, as after damage to the disk or a hand in the database. */
export class UnreadableRecordError extends Error {
  override readonly name = 'UnreadableRecordError'
}

/** Of every row, also of one whose request cannot be read: it must be possible to settle and to tell of it. */
export function head(row: HeadRow): RecordSummary {
  return {
    id: row.id,
    owner: row.owner,
    seq: Number(row.seq),
    queueName: row.queue_name,
    line: row.line,
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

/** What is told of a record that cannot be read. */
export const unreadable: WireError = {
  code: 'INTERNAL',
  message: "The request could not be read in the relay's database any more. Send it anew.",
}

/** @throws UnreadableRecordError */
export function stored(row: Row): StoredRecord {
  try {
    return {
      ...head(row),
      request: JSON.parse(row.request) as ClientSecretRequest,
      response: row.response === null ? null : (JSON.parse(row.response) as UpstreamResponse),
    }
  } catch {
    // Without what stands there: the words of JSON.parse quote it.
    throw new UnreadableRecordError(`The record ${row.id} cannot be read: its request or response is not JSON.`)
  }
}

/** What there is to tell of a row, also where its request or response cannot be read. */
export function told(row: Row): ToldRecord {
  return readable([row])[0] ?? { ...head(row), request: undefined, response: null }
}

/** Those that can be read: one that cannot does not stop what is done with the others. */
export function readable(rows: readonly Row[]): StoredRecord[] {
  return rows.flatMap((row) => {
    try {
      return [stored(row)]
    } catch {
      return []
    }
  })
}
