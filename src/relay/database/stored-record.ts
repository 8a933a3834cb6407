import { hash as digest, randomFillSync } from 'node:crypto'
import { errorStatus, type ErrorCode } from '../../protocol/error-codes.ts'
import type { ClientSecretRecord, RecordStatus, UpstreamResponse, WireError } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import { jsonText } from '../common/json-text.ts'

/** The small columns of a record: enough to see whether it has changed. */
export interface RecordSummary {
  id: string
  owner: string
  /** Order of arrival. */
  seq: number
  queueName: string | null
  /** Records with one concurrency key run one at a time: those of a queue, or the record alone. */
  concurrencyKey: string
  status: RecordStatus
  version: number
  /** Milliseconds since 1970. The record does not run earlier, because its upstream asked for a pause. */
  notBefore: number
  /** The relay that runs a direct request; null for a record that runs in the background. */
  relay: string | null
  /** The start of the first run. */
  attemptedAt: number | null
  /** Unsettled records of the same queue up to and including this one; 0 without a queue, or once settled. */
  place: number
  error: WireError | null
  createdAt: number
  updatedAt: number
  expiresAt: number
}

/** A concurrency key, and the caller whose records have it. */
export type OwnedKey = Pick<RecordSummary, 'concurrencyKey' | 'owner'>

/** A record that waits in a queue. */
export type QueuedRecord = OwnedKey & Pick<RecordSummary, 'id' | 'queueName'>

/** A record as the database stores it. The request holds the placeholder; the response is redacted. */
export interface StoredRecord extends RecordSummary {
  request: ClientSecretRequest
  /** The place of the request in its caller's trace (trace-context.ts). */
  trace: string | null
  response: UpstreamResponse | null
}

/** A record as its owner sees it, without an unreadable request. */
export type OwnedRecord = Omit<StoredRecord, 'request' | 'trace'> & { request: ClientSecretRequest | undefined }

/** A record that is not in the database yet. */
export type Draft = StoredRecord & { idempotencyKey: string }

/** The result of a run. */
export type Outcome = { status: 'resolved' | 'failed' | 'cancelled'; response?: UpstreamResponse; error?: WireError }

/** The version of a record that the caller has seen. A write with it does not overwrite later changes. */
export type RecordVersion = Pick<RecordSummary, 'id' | 'version'>

export interface NewRecord {
  owner: string
  idempotencyKey: string
  request: ClientSecretRequest
  /** Milliseconds. */
  lifetime: number
  /** The relay that runs a direct request. */
  relay?: string | null
  /** Whether its queue is shared with other callers. */
  isShared?: boolean
  /** The place in its caller's trace. A repeat of the request may have another one. */
  trace?: string | null
}

/** @param now By the clock of the database: relays whose clocks differ agree on the expiry. */
export function draftOf(newRecord: NewRecord, status: 'pending' | 'running', now: number): Draft {
  const { owner, request, idempotencyKey, lifetime, relay = null, trace = null } = newRecord
  const expiresAt = now + Math.ceil(lifetime)
  const id = newId(expiresAt)
  return {
    id,
    owner,
    idempotencyKey,
    // The database counts it up.
    seq: 0,
    queueName: request.queue ?? null,
    concurrencyKey: queueOf(newRecord) ?? id,
    status,
    version: 1,
    notBefore: 0,
    relay,
    attemptedAt: status === 'running' ? now : null,
    place: 0,
    error: null,
    createdAt: now,
    updatedAt: now,
    expiresAt,
    request,
    trace,
    response: null,
  }
}

/**
 * The time of expiry and 128 random bits. The relay reads from the id alone that a record has expired, and so answers
 * the same for every owner's record. The time comes first, because new entries of the index are then neighbours, which
 * is faster to write.
 */
export function newId(expiresAt: number): string {
  return `${expiresAt.toString(36)}-${randomHex()}`
}

/** Random bytes for many ids: one draw for each id would take longer than the rest of the id. */
const drawn = Buffer.alloc(16 * 256)
let used = drawn.length

function randomHex(): string {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  return drawn.toString('hex', used, (used += 16))
}

/** The time of expiry of the record with this id, past or future; null if the text is not an id. */
export function expiryOf(id: string): number | null {
  const match = /^([0-9a-z]{1,10})-[0-9a-f]{32}$/.exec(id)
  return match ? parseInt(match[1]!, 36) : null
}

/** Requests of one caller with the same url, method and queue run one at a time; in a shared queue, all of the caller. */
function queueOf({ owner, isShared, request: { method, url, queue } }: NewRecord): string | null {
  if (queue === undefined) return null
  return hash(JSON.stringify(isShared ? [owner, queue] : [owner, method, url, queue]))
}

/** For texts of a caller, which may be too long for an index. */
export function hash(text: string): string {
  return digest('sha256', text, 'base64url')
}

/** Changes with the record. It includes the place in the queue, so that a poll reports a step forward. */
export function versionOf({ version, place }: RecordSummary): string {
  return place ? `${version}.${placeStep(place)}` : String(version)
}

/** The places that a poll reports: up to 100 each one, beyond it those of two digits and zeros. */
export function placeStep(place: number): number {
  const unit = place <= 100 ? 1 : 10 ** (String(place).length - 2)
  return Math.ceil(place / unit) * unit
}

/** The record as the relay sends it. */
export function toWire(record: OwnedRecord, { withRequest = false } = {}): ClientSecretRecord {
  const { id, status, place, queueName, request, response, error, createdAt, updatedAt, expiresAt } = record
  return {
    id,
    status,
    version: versionOf(record),
    queueName: queueName ?? undefined,
    inQueue: place || undefined,
    createdAt,
    updatedAt,
    expiresAt,
    request: withRequest ? request : undefined,
    response: response ?? undefined,
    // From the table that pages do not load.
    error: error ? { ...error, status: error.status ?? errorStatus[error.code as ErrorCode] } : undefined,
  }
}

/** The record as JSON in consecutive texts, because joining large texts takes time. */
export function wireTexts(record: StoredRecord): string[] {
  const text = JSON.stringify(toWire({ ...record, response: null }))
  return record.response ? [`${text.slice(0, -1)},"response":`, jsonText(record.response), '}'] : [text]
}
