import type { Room } from '../common/bytes-in-flight.ts'
import { pieceLength, pieces } from '../common/json-text.ts'

/** Milliseconds that a caller may take to read an answer. */
const maxReading = 300_000

/**
 * The body of an answer. It keeps its room until the caller has read it or has left.
 * A large body comes in pieces on demand, which shows how far the caller has read.
 */
export function handOut(
  texts: readonly string[],
  room: Room,
  signal: AbortSignal,
): string | ReadableStream<Uint8Array> {
  const length = texts.reduce((sum, text) => sum + text.length, 0)
  // A short body needs no more memory than its connection.
  if (length <= pieceLength) {
    room.leave()
    return texts.join('')
  }
  room.hold(length)
  const encoder = new TextEncoder()
  let rest: Iterator<string, undefined> | undefined = pieces(texts)
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
        if (next && !next.done) return controller.enqueue(encoder.encode(next.value))
        end()
        controller.close()
      },
      cancel: () => end(),
    },
    { highWaterMark: 0 },
  )
}
