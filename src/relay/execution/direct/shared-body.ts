import type { Room } from '../../common/bytes-in-flight.ts'
import { ClientSecretError } from '../../../protocol/errors.ts'
import { deferred } from '../../common/deferred.ts'
import { printedInOneLine, readerStream } from './reader-stream.ts'

/** Bytes of one answer that stay available from its beginning, for callers that join. */
const maxJoinable = 4 * 2 ** 20
/** Bytes that may wait for the fastest reader. Beyond this, the API waits too. */
const maxAhead = 256 * 1024

/** A body that one call writes and several callers read, each from its beginning. */
export interface SharedBody {
  /** Kept bytes. */
  readonly size: number
  /** Resolves when the body has room for more; rejects with the reason of the signal. */
  write(chunk: Buffer, signal: AbortSignal): Promise<void>
  /**
   * Takes a chunk of a kept stream, and keeps it only while it has room and readers. A reader that loses its place
   * finds the bytes in the database.
   */
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
  let hadReader = false
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

  function push(chunk: Buffer): void {
    chunks.push(chunk)
    size += chunk.length
    total += chunk.length
  }

  function take(chunk: Buffer): void {
    push(chunk)
    if (size > maxJoinable || first > 0 || !hasRoomFor(chunk.length)) trim()
    wakeReaders()
  }

  function add(chunk: Buffer): void {
    push(chunk)
    const isLeft = hadReader && readers.size === 0
    drop(isLeft || !hasRoomFor(chunk.length) ? 0 : maxJoinable)
    room.hold(size)
    wakeReaders()
  }

  /** Drops the oldest chunks, until at most so many bytes are left. */
  function drop(most: number): void {
    while (size > most) {
      size -= chunks.shift()!.length
      first++
    }
  }

  function hasRoomFor(bytes: number): boolean {
    try {
      room.demand(bytes)
      return true
    } catch {
      return false
    }
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
        // A signal that has fired wakes no listener.
        signal.throwIfAborted()
        const woken = deferred<void>()
        writerWakes = woken.resolve
        signal.addEventListener('abort', woken.resolve)
        await woken.promise
        signal.removeEventListener('abort', woken.resolve)
      }
    },

    end(error) {
      if (end) return
      end = { error }
      // From now on, they are bytes of an answer that only waits for its readers.
      room.hold(size)
      leaveRoom()
      wakeReaders()
    },

    read(leave) {
      const reader: Reader = { next: 0, had: 0, wake: () => {} }
      readers.add(reader)
      hadReader = true
      return readerStream(
        () => nextFor(reader),
        () => remove(reader),
        leave,
      )
    },
  }
}

export function answerLost(requestId?: string): ClientSecretError {
  return new ClientSecretError(
    'INTERRUPTED',
    'This request was sent before, and the relay no longer keeps its answer. The API has acted on it. Check there before you send it as a new request.',
    { requestId },
  )
}
