import type { Flow } from './decode-body.ts'

/** A body that is read while it comes. Its API waits for whoever reads. */
export interface StreamedBody extends AsyncIterable<Buffer> {
  /** Ends the call; of a body that has come to its end, nothing. */
  discard(): void
}

/** The end of it that takes what comes. */
interface StreamedBodyIntake extends StreamedBody {
  add: (chunk: Buffer) => void
  end(): void
  fail(reason: unknown): void
  /** What is paused while nobody reads. */
  flowThrough(flows: readonly Flow[]): void
}

/** Bytes that wait for their reader; then the API waits too. */
const maxWaiting = 65_536

export function createStreamedBody({
  idleTimeout,
  onIdle,
  onDiscard,
  toError,
}: {
  /** Milliseconds for which a reader waits at most. */
  idleTimeout: number
  onIdle: () => void
  onDiscard: () => void
  /** What a reader is told of a failure. */
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

  /** A reader who waits for a long time waits for an API that is dead. */
  async function wait(): Promise<void> {
    const more = new Promise<void>((resolve) => (wake = resolve))
    // What flows again may bring something at once.
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
        // What came before it broke off is not told as if nothing had come.
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
