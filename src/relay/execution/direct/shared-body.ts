import { inspect } from 'node:util'
import type { Room } from '../../common/bytes-in-flight.ts'
import { ClientSecretError } from '../../../protocol/errors.ts'
import { deferred } from '../../common/deferred.ts'

/** Bytes of one answer that stay available from its beginning, for callers that join. */
const maxJoinable = 4 * 2 ** 20
/** Bytes that may wait for the fastest reader. Beyond this, the API waits too. */
const maxAhead = 256 * 1024
/** Milliseconds that a reader may take for a chunk. */
const maxReading = 300_000

/** A body that one call writes and several callers read, each from its beginning. */
export interface SharedBody {
  /** Kept bytes. */
  readonly size: number
  /** Resolves when the body has room for more; rejects with the reason of the signal. */
  write(chunk: Buffer, signal: AbortSignal): Promise<void>
  /** Takes a chunk of a kept stream. Slow readers lose their place, and find the bytes in the database. */
  add: (chunk: Buffer) => void
  /** @param error Readers get it after the last chunk. */
  end(error?: Error): void
  /** The body from its beginning. Calls `leave` if the reader leaves before the end. */
  read(leave: () => void): ReadableStream<Uint8Array>
}

interface Reader {
  /** The number of the next chunk, and the bytes read so far. */
  next: number
  had: number
  wake: () => void
}

/** @param room It holds the kept bytes, and is left after the end and the last reader. */
export function createSharedBody(room: Room): SharedBody {
  /** The kept chunks, from number `first` on. */
  const chunks: Buffer[] = []
  let first = 0
  /** The kept bytes, and all bytes so far. */
  let size = 0
  let total = 0
  let end: { error: Error | undefined } | undefined
  const readers = new Set<Reader>()
  let writerWakes = () => {}

  const furthest = () => Math.max(first, ...[...readers].map(({ next }) => next))
  const ahead = () => total - Math.max(total - size, ...[...readers].map(({ had }) => had))
  const wakeReaders = () => {
    for (const { wake } of readers) wake()
  }
  const leaveRoom = () => void (end && readers.size === 0 && room.leave())

  /** Drops the chunks that the fastest reader has read. Slower readers lose their place. */
  function trim(): void {
    const had = chunks.splice(0, furthest() - first)
    first += had.length
    for (const { length } of had) size -= length
    room.hold(size)
  }

  function take(chunk: Buffer): void {
    chunks.push(chunk)
    size += chunk.length
    total += chunk.length
    try {
      if (size > maxJoinable || first > 0) trim()
      else room.demand(chunk.length)
    } catch {
      trim()
    }
    wakeReaders()
  }

  function add(chunk: Buffer): void {
    take(chunk)
    while (size > maxJoinable) {
      size -= chunks.shift()!.length
      first++
    }
    room.hold(size)
  }

  /** The next chunk, once it is there; null at the end, and for a reader that left. Rejects with the error at the end. */
  async function nextFor(reader: Reader): Promise<Buffer | null> {
    const waits = () => readers.has(reader) && !end && reader.next >= first + chunks.length
    while (waits()) await new Promise<void>((wake) => (reader.wake = wake))
    const chunk = chunks[reader.next - first]
    if (!chunk) {
      // The next chunk is gone, because another reader is faster.
      if (reader.next < first) throw answerLost()
      if (end?.error) throw printedInOneLine(end.error)
      return null
    }
    reader.next++
    reader.had += chunk.length
    writerWakes()
    return chunk
  }

  function remove(reader: Reader): void {
    if (!readers.delete(reader)) return
    leaveRoom()
    writerWakes()
    reader.wake()
  }

  return {
    get size() {
      return size
    },

    add,

    async write(chunk, signal) {
      take(chunk)
      // Without a reader, the call goes on as long as a returning caller can get the answer from its beginning.
      while (ahead() > (readers.size > 0 ? maxAhead : maxJoinable)) {
        const woken = deferred<void>()
        writerWakes = woken.resolve
        signal.addEventListener('abort', woken.resolve)
        await woken.promise
        signal.removeEventListener('abort', woken.resolve)
        signal.throwIfAborted()
      }
    },

    end(error) {
      if (end) return
      end = { error }
      leaveRoom()
      wakeReaders()
    },

    read(leave) {
      const reader: Reader = { next: 0, had: 0, wake: () => {} }
      readers.add(reader)
      return readerStream(
        () => nextFor(reader),
        () => remove(reader),
        leave,
      )
    },
  }
}

/**
 * @param next Gives the next chunk; null at the end.
 * @param remove Called when the stream is over for any reason.
 * @param leave Called when the reader leaves before the end, or takes too long.
 */
function readerStream(
  next: () => Promise<Buffer | null>,
  remove: () => void,
  leave: () => void,
): ReadableStream<Uint8Array> {
  let timer: NodeJS.Timeout | undefined
  let isCancelled = false
  const over = () => {
    clearTimeout(timer)
    remove()
  }
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(timer)
        const chunk = await next().catch((error: unknown) => {
          over()
          throw error
        })
        if (isCancelled) return
        if (!chunk) {
          over()
          return controller.close()
        }
        timer = setTimeout(() => {
          over()
          leave()
          controller.error(new Error('the caller took too long to read the answer'))
        }, maxReading).unref()
        controller.enqueue(chunk)
      },
      cancel() {
        isCancelled = true
        over()
        leave()
      },
    },
    { highWaterMark: 0 },
  )
}

/** Servers print the error of a stream. The log already has its line, so the stack would be noise. */
export function printedInOneLine(error: Error): Error {
  return Object.defineProperty(error, inspect.custom, { value: () => String(error), configurable: true })
}

export function answerLost(requestId?: string): ClientSecretError {
  return new ClientSecretError(
    'INTERRUPTED',
    'This request was sent before, and the relay no longer keeps its answer. The API has acted on it. Check there before you send it as a new request.',
    { requestId },
  )
}
