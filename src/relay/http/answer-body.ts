import type { Room } from '../common/bytes-in-flight.ts'
import { pieceLength, pieces } from '../common/json-text.ts'

/** Milliseconds that a caller may take to read an answer. */
const maxReading = 300_000

/** The body of an answer, which is written when its caller reads it. */
export interface AnswerBody {
  /** Approximate bytes. */
  length: number
  pieces: () => Generator<Uint8Array, undefined>
}

/** A text in consecutive parts. */
export function textBody(texts: readonly string[]): AnswerBody {
  return {
    length: texts.reduce((sum, text) => sum + text.length, 0),
    *pieces() {
      for (const piece of pieces(texts)) yield Buffer.from(piece)
      return undefined
    },
  }
}

/** A record and the bytes of its answer, as `recordWithBytes` describes. */
export function bodyWithBytes(record: string, base64: string): AnswerBody {
  return {
    length: record.length + base64.length,
    *pieces() {
      const json = Buffer.from(record)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(json.length)
      yield Buffer.concat([length, json])
      // Cut at multiples of 4 characters, which are whole bytes.
      for (let at = 0; at < base64.length; at += pieceLength)
        yield Buffer.from(base64.slice(at, at + pieceLength), 'base64')
      return undefined
    },
  }
}

/**
 * Hands a body out. It keeps its room until the caller has read it or has left.
 * A large body comes in pieces on demand, which shows how far the caller has read.
 */
export function handOut(
  body: AnswerBody,
  room: Room,
  signal: AbortSignal,
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  // A short body needs no more memory than its connection.
  if (body.length <= pieceLength) {
    room.leave()
    return Buffer.concat([...body.pieces()])
  }
  room.hold(body.length)
  let rest: Iterator<Uint8Array, undefined> | undefined = body.pieces()
  let end = () => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const timer = setTimeout(() => {
          end()
          controller.error(new Error('the caller took too long to read the answer'))
        }, maxReading).unref()
        const leave = () => end()
        signal.addEventListener('abort', leave, { once: true })
        end = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', leave)
          rest = undefined
          room.leave()
        }
        if (signal.aborted) end()
      },
      pull(controller) {
        const next = rest?.next()
        if (next && !next.done) return controller.enqueue(next.value)
        end()
        controller.close()
      },
      cancel: () => end(),
    },
    { highWaterMark: 0 },
  )
}
