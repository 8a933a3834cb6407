import type { Flow } from './decode-body.ts'

/** A body that is read while it arrives. The API waits for the reader. */
export interface StreamedBody extends AsyncIterable<Buffer> {
  /** Ends the call. Does nothing after the end of the body. */
  discard(): void
}

/** The end of the body that takes the chunks of the API. */
interface StreamedBodyIntake extends StreamedBody {
  add: (chunk: Buffer) => void
  end(): void
  fail(reason: unknown): void
  /** Sets the streams to pause while there is no reader. */
  flowThrough(flows: readonly Flow[]): void
}

/** Bytes that may wait for the reader. Beyond this, the API waits too. */
const maxWaiting = 65_536

export function createStreamedBody({
  idleTimeout,
  onIdle,
  onDiscard,
  toError,
}: {
  /** The longest wait of a reader, in milliseconds. */
  idleTimeout: number
  onIdle: () => void
  onDiscard: () => void
  /** Turns a failure into the reader's error. */
  toError: (reason: unknown) => Error
}): StreamedBodyIntake {
  let flows: readonly Flow[] = []
  let chunks: Buffer[] = []
  let size = 0
  let isPaused = false
  let isEnded = false
  let failure: Error | undefined
  let wake = () => {}

  function setPaused(paused: boolean): void {
    if (isPaused === paused) return
    isPaused = paused
    for (const flow of flows) flow[paused ? 'pause' : 'resume']()
  }

  /** Waits for the next chunk. After a long silence, the API counts as dead. */
  async function wait(): Promise<void> {
    const more = new Promise<void>((resolve) => (wake = resolve))
    // After the promise, because a resumed stream may deliver at once.
    setPaused(false)
    const timer = setTimeout(onIdle, idleTimeout)
    await more
    clearTimeout(timer)
  }

  return {
    flowThrough: (given) => void (flows = given),
    add(chunk) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= maxWaiting) setPaused(true)
      wake()
    },
    end() {
      isEnded = true
      wake()
    },
    fail(reason) {
      if (isEnded) return
      failure ??= toError(reason)
      wake()
    },
    discard() {
      if (!isEnded && !failure) onDiscard()
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        // The reader gets all chunks before the failure.
        while (chunks.length > 0) {
          const taken = chunks
          chunks = []
          size = 0
          yield* taken
        }
        if (failure) throw failure
        if (isEnded) return
        await wait()
      }
    },
  }
}
