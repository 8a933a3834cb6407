import { hash as digest, randomFillSync } from 'node:crypto'
import type { ClientSecretRecord, RecordStatus, UpstreamResponse, WireError } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import { jsonText } from '../common/json-text.ts'

/** What is small in a record: enough to see whether it has changed. */
export interface RecordSummary {
  id: string
  owner: string
  /** Order of arrival. */
  seq: number
  queueName: string | null
  /** What runs one at a time: a queue, or the record alone. */
  line: string
  status: RecordStatus
  version: number
  /** Milliseconds since 1970 before which it is not run, because its upstream asked for a pause. */
  notBefore: number
  /** The relay that runs it, when it is a direct request; null when it runs in the background. */
  relay: string | null
  /** When it was run for the first time. */
  attemptedAt: number | null
  /** Unsettled records of the same queue up to and including this one; 0 without a queue or when settled. */
  place: number
  error: WireError | null
  createdAt: number
  updatedAt: number
  expiresAt: number
}

/** A concurrency key, and the caller whose records have it. */
export type OwnedLine = Pick<RecordSummary, 'line' | 'owner'>

/** A record as the relay keeps it. The request is in its placeholder form, the response redacted. */
export interface StoredRecord extends RecordSummary {
  request: ClientSecretRequest
  response: UpstreamResponse | null
}

/** A record as its owner is told of it: without a request where that cannot be read any more. */
export type ToldRecord = Omit<StoredRecord, 'request'> & { request: ClientSecretRequest | undefined }

/** A record that is not written yet. */
export type Draft = StoredRecord & { idempotencyKey: string }

/** How a run ended. */
export type Outcome = { status: 'resolved' | 'failed' | 'cancelled'; response?: UpstreamResponse; error?: WireError }

/** A record as it was seen; what has changed since is not overwritten. */
export type Seen = Pick<RecordSummary, 'id' | 'version'>

export interface NewRecord {
  owner: string
  idempotencyKey: string
  request: ClientSecretRequest
  /** Milliseconds. */
  lifetime: number
  /** The relay that runs it, when it is a direct request. */
  relay?: string | null
}

export function draftOf(newRecord: NewRecord, status: 'pending' | 'running'): Draft {
  const { owner, request, idempotencyKey, lifetime, relay = null } = newRecord
  const now = Date.now()
  const expiresAt = now + Math.ceil(lifetime)
  const id = newId(expiresAt)
  return {
    id,
    owner,
    idempotencyKey,
    // Counted by the database.
    seq: 0,
    queueName: request.queue ?? null,
    line: queueOf(newRecord) ?? id,
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
    response: null,
  }
}

/**
 * When the record expires, and 128 random bits. So it can be said of a record
 * that is gone that it has expired, and said alike of everybody's. The time comes
 * first: an index in which neighbours in time are neighbours is written faster.
 */
export function newId(expiresAt: number): string {
  return `${expiresAt.toString(36)}-${randomHex()}`
}

/** Random bytes of many ids: drawing them for each one takes longer than all else that makes an id. */
const drawn = Buffer.alloc(16 * 256)
let used = drawn.length

function randomHex(): string {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  return drawn.toString('hex', used, (used += 16))
}

/** When the record of this id expires or has expired; null when it is no id. */
export function expiryOf(id: string): number | null {
  const match = /^([0-9a-z]{1,10})-[0-9a-f]{32}$/.exec(id)
  return match ? parseInt(match[1]!, 36) : null
}

/** Requests of one caller with the same url, method and queue run one at a time. */
function queueOf({ owner, request: { method, url, queue } }: NewRecord): string | null {
  return queue === undefined ? null : hash(JSON.stringify([owner, method, url, queue]))
}

/** Of what a caller writes, where it may be long. */
export function hash(text: string): string {
  return digest('sha256', text, 'base64url')
}

/** Differs whenever something of the record does; its place in line is part of it, so that a step forward is news. */
export function versionOf({ version, place }: RecordSummary): string {
  return place ? `${version}.${place}` : String(version)
}

/** The record as it travels. */
export function toWire(record: ToldRecord, { withRequest = false } = {}): ClientSecretRecord {
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
    error: error ?? undefined,
  }
}

/** The record as it travels, as JSON: texts that follow each other, because to put large ones together takes a while. */
export function wireTexts(record: StoredRecord): string[] {
  const text = JSON.stringify(toWire({ ...record, response: null }))
  return record.response ? [`${text.slice(0, -1)},"response":`, jsonText(record.response), '}'] : [text]
}
