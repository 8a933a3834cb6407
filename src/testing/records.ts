import { errorStatus } from '../protocol/error-codes.ts'
import {
  expiredMessage,
  isSettled,
  type ClientSecretRecord,
  type RecordStatus,
  type WireError,
} from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import type { Outcome, Piece, StreamedHead } from './answers.ts'
import { aborted } from './time.ts'

/** One request. */
export interface Entry {
  readonly id: string
  readonly idempotencyKey: string
  readonly request: ClientSecretRequest
  readonly createdAt: number
  updatedAt: number
  expiresAt: number
  status: RecordStatus
  /** Position in the queue, without earlier requests of this client. */
  place: number
  changes: number
  outcome: Outcome
  /** The head of a streamed answer. */
  head?: StreamedHead
  /** The pieces of a streamed answer so far. */
  readonly pieces: Piece[]
  /** Aborts when the request settles. */
  readonly end: AbortController
}

/** The records of a client, in memory and in order. */
export interface Records {
  add: (request: ClientSecretRequest, idempotencyKey: string, place: number) => Entry
  /** Finds an entry by its id or its idempotency key. */
  find: (idOrKey: string) => Entry | undefined
  /** Entries that still exist, the newest first. */
  list: () => Entry[]
  /** Changes an unsettled entry. */
  write: (entry: Entry, fields: Partial<Pick<Entry, 'status' | 'place' | 'outcome'>>) => void
  /** Adds the head or a piece to the streamed answer of an unsettled entry. */
  stream: (entry: Entry, part: { head: StreamedHead } | { piece: Piece }) => void
  /** Whether an entry is the first in its queue. */
  isNext: (entry: Entry) => boolean
  /** Resolves when the entry is the first in its queue, or has settled. */
  turn: (entry: Entry) => Promise<void>
  /** The entry as a record. */
  toWire: (entry: Entry, parts?: { request?: 'whole' | 'compact'; response?: boolean }) => ClientSecretRecord
  /** Aborts at the next change of any entry. */
  nextChange: () => AbortSignal
  /** Wakes all code that waits for a change. */
  tell: () => void
}

/** Seconds. */
const defaultExpires = 86_400

export function createRecords(): Records {
  const entries: Entry[] = []
  let change = new AbortController()

  function tell(): void {
    const before = change
    change = new AbortController()
    before.abort()
  }

  /** Earlier unsettled entries with the same url, method and queue. */
  function before({ id, request }: Entry): Entry[] {
    if (request.queue === undefined) return []
    const older = entries.slice(
      0,
      entries.findIndex((entry) => entry.id === id),
    )
    return older.filter((entry) => !isSettled(entry) && lineOf(entry) === lineOf({ request }))
  }

  const inQueue = (entry: Entry) =>
    entry.request.queue === undefined || isSettled(entry) ? undefined : entry.place + before(entry).length

  return {
    add(request, idempotencyKey, place) {
      const now = Date.now()
      const entry: Entry = {
        // A counter, so that snapshots stay the same.
        id: `request-${entries.length + 1}`,
        idempotencyKey,
        request,
        createdAt: now,
        updatedAt: now,
        expiresAt: now + (request.expires ?? defaultExpires) * 1000,
        status: 'pending',
        place,
        changes: 0,
        outcome: {},
        pieces: [],
        end: new AbortController(),
      }
      entries.push(entry)
      return entry
    },

    find: (idOrKey) => entries.find(({ id, idempotencyKey }) => id === idOrKey || idempotencyKey === idOrKey),

    list: () => entries.filter((entry) => !absence(entry)).reverse(),

    write(entry, fields) {
      const isNews = Object.entries(fields).some(([name, value]) => value !== Reflect.get(entry, name))
      if (isSettled(entry) || !isNews) return
      Object.assign(entry, fields)
      entry.changes += 1
      entry.updatedAt = Date.now()
      if (isSettled(entry)) entry.end.abort()
      tell()
    },

    stream(entry, part) {
      if (isSettled(entry)) return
      if ('head' in part) entry.head = part.head
      else entry.pieces.push(part.piece)
      tell()
    },

    isNext: (entry) => before(entry).length === 0,

    async turn(entry) {
      for (let last = before(entry).at(-1); last && !isSettled(entry); last = before(entry).at(-1))
        await aborted(AbortSignal.any([last.end.signal, entry.end.signal]))
    },

    toWire(entry, { request, response = true } = {}) {
      const place = inQueue(entry)
      return {
        id: entry.id,
        status: entry.status,
        version: `${entry.changes}.${place ?? ''}`,
        queueName: entry.request.queue,
        inQueue: place,
        createdAt: entry.createdAt,
        updatedAt: entry.updatedAt,
        expiresAt: entry.expiresAt,
        request: request && (request === 'whole' ? entry.request : { ...entry.request, data: undefined }),
        response: response ? entry.outcome.response : undefined,
        error: entry.outcome.error,
      }
    },

    nextChange: () => change.signal,
    tell,
  }
}

function lineOf({ request: { url, method, queue } }: Pick<Entry, 'request'>): string {
  return JSON.stringify([url, method, queue])
}

/** Why a record is gone; undefined if it is not. */
export function absence({ id, expiresAt, outcome: { error } }: Entry): WireError | undefined {
  if (error?.code === 'EXPIRED' || error?.code === 'REQUEST_NOT_FOUND')
    return { requestId: id, status: errorStatus[error.code], ...error }
  return expiresAt <= Date.now() ? { code: 'EXPIRED', message: expiredMessage, requestId: id, status: 410 } : undefined
}
