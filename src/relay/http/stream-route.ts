import type { Hono } from 'hono'
import { isErrorCode } from '../../protocol/error-codes.ts'
import { ClientSecretError } from '../../protocol/errors.ts'
import { isSettled, type WireError } from '../../protocol/record.ts'
import type { FetchAnswerHead } from '../../protocol/fetch.ts'
import { shown } from '../../protocol/invalid-parameter.ts'
import type { Listener } from '../database/pub-sub.ts'
import type { RecordSummary } from '../database/stored-record.ts'
import { streamOf } from '../database/stream-pieces.ts'
import { printedInOneLine } from '../execution/direct/shared-body.ts'
import type { Admission } from './admission.ts'
import { passedOn } from './fetch-route.ts'
import { absence } from './poll.ts'
import type { RelayDeps } from './relay-parts.ts'

/** Memory for one read of a stream. */
const bytesOfRead = 2 ** 19
/** Milliseconds between two looks at a silent stream. Other relays report new bytes at once. */
const lookEvery = 1_000

/** One reader of a kept stream. */
interface Reader {
  parts: RelayDeps
  owner: string
  id: string
  listener: Listener
  signal: AbortSignal
}

/**
 * `GET /requests/:id/stream?after=<byte>`: the bytes of a kept stream from there on, then live, until its record is
 * settled. The record says how the stream ended.
 */
export function streamRoute(app: Hono, { admit }: Admission): void {
  app.get('/requests/:id/stream', async (context) => {
    const { parts, caller } = await admit(context)
    const id = context.req.param('id')
    const after = readPosition(context.req.query('after') ?? '0')
    const { signal } = context.req.raw
    await parts.limits.admitCaller(caller, 0)
    const room = parts.inFlight.open(caller.owner)
    const listener = parts.pubSub.subscribe([id, streamOf(id)])
    const over = () => {
      listener.stop()
      room.leave()
    }
    try {
      room.demand(bytesOfRead)
      const reader = { parts, owner: caller.owner, id, listener, signal }
      const head = await headOf(reader)
      return passedOn({ ...head, id }, bodyOf(reader, after, over))
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

/** Waits until the API answers. */
async function headOf(reader: Reader): Promise<FetchAnswerHead> {
  for (;;) {
    const now = await recordOf(reader)
    const head = await reader.parts.pieces.head(reader.id)
    if (head !== null) return JSON.parse(head) as FetchAnswerHead
    if (isSettled(now)) throw now.error ? errorOf(now.error, now.id) : (endOf(now) ?? notKept(now.id))
    await next(reader)
  }
}

function bodyOf(reader: Reader, after: number, over: () => void): ReadableStream<Uint8Array> {
  let position = after
  async function nextBytes(): Promise<Buffer | null> {
    for (;;) {
      // First the status: an answer is complete before its record settles.
      const now = await recordOf(reader)
      const bytes = await reader.parts.pieces.read(reader.id, position)
      position += bytes.length
      if (bytes.length > 0) return bytes
      // No error at the end: connections lose the bytes before it. The record has it.
      if (isSettled(now)) return null
      await next(reader)
    }
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = await nextBytes()
          if (bytes) return controller.enqueue(bytes)
          controller.close()
        } catch (error) {
          controller.error(printedInOneLine(error as Error))
        }
        over()
      },
      cancel: over,
    },
    { highWaterMark: 0 },
  )
}

async function recordOf({ parts: { records }, owner, id }: Reader): Promise<RecordSummary> {
  const [now] = await records.summaries(owner, [id])
  if (now && now.expiresAt > Date.now()) return now
  const { code, message, requestId } = absence(records, id)
  throw new ClientSecretError(code, message, { requestId })
}

async function next({ parts: { pubSub }, listener, signal }: Reader): Promise<void> {
  await listener.next(lookEvery, signal)
  signal.throwIfAborted()
  if (pubSub.isClosed())
    throw new ClientSecretError('UNAVAILABLE', 'The relay is stopping. Try again.', { retryAfter: 1 })
}

/** The error of a stream that ended early. */
function endOf({ id, status, error }: RecordSummary): ClientSecretError | undefined {
  if (status === 'cancelled') return new ClientSecretError('CANCELLED', 'The request was cancelled.', { requestId: id })
  return error ? errorOf(error, id) : undefined
}

function errorOf({ code, message, path }: WireError, requestId: string): ClientSecretError {
  return new ClientSecretError(isErrorCode(code) ? code : 'INTERNAL', message, { requestId, path })
}

function notKept(requestId: string): ClientSecretError {
  return new ClientSecretError(
    'INVALID_PARAMETER',
    'The relay keeps no stream of this request. Send it with keep: true.',
    { requestId, path: 'keep' },
  )
}
