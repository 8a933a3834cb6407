import { inspect } from 'node:util'

/** Milliseconds that a reader may take for a chunk. */
const maxReading = 300_000

/**
 * A stream for one reader, who takes a chunk at a time.
 *
 * @param next Gives the next chunk; null at the end.
 * @param remove Called when the stream is over for any reason.
 * @param leave Called when the reader leaves before the end, or takes too long.
 */
export function readerStream(
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
