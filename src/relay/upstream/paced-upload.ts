import { uploadStopped } from './call-errors.ts'
import type { UploadStream } from './raw-body.ts'

/** The time limits of an upload, and of the answer after it, in milliseconds. */
interface Pace {
  streamTimeout: number
  streamIdleTimeout: number
  upstreamTimeout: number
  /** Begins a time limit in place of the one before. */
  limitTo: (milliseconds: number) => void
  /** Ends the call. */
  fail: (reason: unknown) => void
  url: URL
}

/** Limits the time of an upload. The time for the answer begins after it. */
export function paced(
  upload: UploadStream,
  { streamTimeout, streamIdleTimeout, upstreamTimeout, limitTo, fail, url }: Pace,
): AsyncIterable<Uint8Array> {
  return {
    async *[Symbol.asyncIterator]() {
      limitTo(streamTimeout)
      const silence = setTimeout(() => fail(uploadStopped(url, streamIdleTimeout)), streamIdleTimeout)
      try {
        for await (const piece of upload) {
          silence.refresh()
          yield piece
        }
        limitTo(upstreamTimeout)
      } finally {
        clearTimeout(silence)
      }
    },
  }
}
