import { setImmediate as nextTurn } from 'node:timers/promises'

/** Puts the placeholder where a secret stands, in whatever leaves the relay. */
export interface Redactor {
  /** A short text, in one go: a header, a sentence, a line of the log. */
  text(text: string): string
  /** A body as it comes. */
  stream(options?: RedactorStreamOptions): RedactorStream
  /** A body that is there as a whole, in steps of a few milliseconds; itself, where nothing of it goes. */
  body(body: Buffer): Generator<void, Buffer>
}

export interface RedactorStreamOptions {
  /** In bytes. A word is held back to its end, so a longer one ends the stream. Default: 16 MiB. */
  maxHeld?: number
}

export interface RedactorStream {
  /**
   * Gives what is certain by now; the rest is held back.
   *
   * @throws ClientSecretError `UPSTREAM_ERROR` when it would hold back more than `maxHeld`.
   */
  push(chunk: Buffer): Buffer
  end(): Buffer
  /** Bytes that are held back. */
  readonly held: number
}

/** In ms. A turn ends so early, because the step that follows takes its time too. */
const maxTurn = 5

/** A whole body. Yields to the event loop, so that no turn takes longer than 20 ms. */
export async function redactBody(redactor: Redactor, body: Buffer): Promise<Buffer> {
  const steps = redactor.body(body)
  let turn = performance.now()
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    if (performance.now() - turn < maxTurn) continue
    await nextTurn()
    turn = performance.now()
  }
}
