import type { Room } from './in-flight.ts'

/** Bytes that are handed out at a time; what is no longer takes no more than its connection does. */
const piece = 64 * 1024
/** Milliseconds that a caller may take to read an answer. */
const longestReading = 300_000

/**
 * The body of an answer, which has its room until the caller has read it, or has
 * left. In pieces, each when it is asked for: nothing else tells how far that is.
 */
export function handOut(text: string, room: Room, signal: AbortSignal): string | ReadableStream<Uint8Array> {
  if (text.length <= piece) {
    room.leave()
    return text
  }
  let left = Buffer.from(text)
  room.hold(left.length)
  let end = () => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const timer = setTimeout(() => {
          end()
          controller.error(new Error('the caller takes too long to read the answer'))
        }, longestReading).unref()
        const leave = () => end()
        signal.addEventListener('abort', leave, { once: true })
        end = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', leave)
          left = Buffer.alloc(0)
          room.leave()
        }
        if (signal.aborted) end()
      },
      pull(controller) {
        if (left.length > 0) controller.enqueue(left.subarray(0, piece))
        left = left.subarray(piece)
        if (left.length > 0) return
        end()
        controller.close()
      },
      cancel: () => end(),
    },
    { highWaterMark: 0 },
  )
}
