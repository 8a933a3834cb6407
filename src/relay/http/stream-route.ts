import type { Hono } from 'hono'
import { ClientSecretError } from '../../protocol/errors.ts'
import { isSettled, type ClientSecretRecord } from '../../protocol/record.ts'
import type { FetchAnswerHead } from '../../protocol/fetch.ts'
import { shown } from '../../protocol/invalid-parameter.ts'
import type { Listener } from '../database/pub-sub.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { toWire, type RecordSummary } from '../database/stored-record.ts'
import { streamOf } from '../database/stream-pieces.ts'
import { printedInOneLine, readerStream } from '../execution/direct/reader-stream.ts'
import { errorOfRecord } from '../execution/run-errors.ts'
import type { Admission } from './admission.ts'
import { passedOn } from './fetch-route.ts'
import { absent } from './poll.ts'
import type { RelayDeps } from './relay-parts.ts'

/** Memory for one read of a stream, if that is not more than a whole answer, and for a reader that waits for the next bytes. */
const bytesOfRead = 2 ** 19
const bytesOfWaiting = 1_024
/** Milliseconds between two looks at a silent stream. Other relays report new bytes at once. */
const lookEvery = 1_000

/** One reader of a kept stream. */
interface Reader {
  parts: RelayDeps
  owner: string
  id: string
  listener: Listener
  signal: AbortSignal
  /** Holds the memory of a read until the reader has taken its bytes. */
  room: Room
}

/**
 * `GET /requests/:id/stream?after=<byte>`: the bytes of a kept stream from there on, then live, until its record is
 * settled. The record says how the stream ended. While the request waits for its turn, the answer is 202 with the record
 * in its head, and a poll says when to ask again. The caller names it by its id, or by its idempotency key, which a page
 * knows before the answer.
 */
export function streamRoute(app: Hono, { admit }: Admission): void {
  app.get('/requests/:id/stream', async (context) => {
    const { parts, caller } = await admit(context)
    const idOrKey = context.req.param('id')
    const after = readPosition(context.req.query('after') ?? '0')
    const { signal } = context.req.raw
    await parts.limits.admitCaller(caller, 0)
    // A reader waits as a held poll does.
    const letGo = parts.limits.holdPoll(caller)
    if (!letGo) throw tooManyReaders()
    const room = parts.inFlight.open(caller.owner)
    let listener: Listener | undefined
    let isOver = false
    const over = () => {
      if (isOver) return
      isOver = true
      letGo()
      listener?.stop()
      room.leave()
    }
    try {
      room.demand(bytesOfWaiting)
      const found = await parts.records.find(caller.owner, idOrKey)
      if (!found) throw absent(parts.records, idOrKey)
      const { id } = found
      listener = parts.pubSub.subscribe([id, streamOf(id)])
      const reader = { parts, owner: caller.owner, id, listener, signal, room }
      const head = await headOf(reader)
      if (head.waiting) over()
      if (head.waiting) return passedOn({ ...head, id }, null, 202)
      // The server drops the body of a HEAD unread.
      if (context.req.raw.method !== 'HEAD') return passedOn({ ...head, id }, bodyOf(reader, after, over))
      over()
      return passedOn({ ...head, id }, null)
    } catch (error) {
      over()
      throw error
    }
  })
}

function readPosition(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new ClientSecretError('INVALID_PARAMETER', `after must be a number of bytes; it is ${shown(text)}.`, {
    path: 'after',
  })
}

/** Waits until the API answers a call that has begun. An answer with an error is complete: after a 429, the call may repeat. */
async function headOf(reader: Reader): Promise<FetchAnswerHead> {
  for (;;) {
    const now = await recordOf(reader)
    if (now.status === 'pending') return { status: 202, statusText: 'Accepted', headers: {}, waiting: waitingOf(now) }
    const json = await reader.parts.pieces.head(reader.id)
    const head = json === null ? null : (JSON.parse(json) as FetchAnswerHead)
    if (head && (head.status < 400 || isSettled(now))) return head
    if (isSettled(now)) throw errorOfRecord(now) ?? notKept(now.id)
    await next(reader)
  }
}

function waitingOf(summary: RecordSummary): ClientSecretRecord {
  return toWire({ ...summary, request: undefined, response: null })
}

function bodyOf(reader: Reader, after: number, over: () => void): ReadableStream<Uint8Array> {
  let position = after
  async function nextBytes(): Promise<Buffer | null> {
    for (;;) {
      // First the status: an answer is complete before its record settles.
      const now = await recordOf(reader)
      await reader.room.wait(Math.min(bytesOfRead, reader.parts.settings.limits.responseBytes), reader.signal)
      const bytes = await reader.parts.pieces.read(reader.id, position)
      position += bytes.length
      reader.room.hold(Math.max(bytes.length, bytesOfWaiting))
      if (bytes.length > 0) return bytes
      // No error at the end: connections lose the bytes before it. The record has it.
      if (isSettled(now)) return null
      await next(reader)
    }
  }
  return readerStream(() => nextBytes().catch(failInOneLine), over, over)
}

function failInOneLine(error: unknown): never {
  throw printedInOneLine(error as Error)
}

async function recordOf({ parts: { records }, owner, id }: Reader): Promise<RecordSummary> {
  const [now] = await records.summaries(owner, [id])
  if (now && now.expiresAt > records.now()) return now
  throw absent(records, id)
}

async function next({ parts: { pubSub }, listener, signal }: Reader): Promise<void> {
  await listener.next(lookEvery, signal)
  signal.throwIfAborted()
  if (pubSub.isClosed())
    throw new ClientSecretError('UNAVAILABLE', 'The relay is stopping. Try again.', { retryAfter: 1 })
}

function tooManyReaders(): ClientSecretError {
  return new ClientSecretError(
    'RATE_LIMITED',
    'The relay already holds its maximum of polls and readers of streams (limits.heldPolls, limits.heldPollsPerCaller). Try again later.',
    { retryAfter: 5 },
  )
}

function notKept(requestId: string): ClientSecretError {
  return new ClientSecretError(
    'INVALID_PARAMETER',
    'The relay keeps no stream of this request. Send it with keep: true.',
    { requestId, path: 'keep' },
  )
}
