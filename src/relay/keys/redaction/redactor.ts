import { setImmediate as nextTurn } from 'node:timers/promises'

/** Replaces secrets with the placeholder in everything that leaves the relay. */
export interface Redactor {
  /** For a short text, such as a header, a message or a log entry. */
  text(text: string): string
  /** For a body that arrives in chunks. */
  stream(options?: RedactorStreamOptions): RedactorStream
  /** For a complete body, in steps of a few milliseconds. Returns the same buffer if it removes nothing. */
  body(body: Buffer): Generator<void, Buffer>
}

export interface RedactorStreamOptions {
  /** In bytes. The stream holds each word back until its end, and fails at a longer word. Default: 16 MiB. */
  maxHeld?: number
}

export interface RedactorStream {
  /**
   * Returns the bytes that are decided, and holds back the rest.
   *
   * @throws ClientSecretError `UPSTREAM_ERROR` if it would hold back more than `maxHeld`.
   */
  push(chunk: Buffer): Buffer
  end(): Buffer
  /** Bytes that are held back. */
  readonly held: number
}

/** In milliseconds. Much less than the limit of a turn, because the next step may still follow. */
const maxTurn = 5

/** Redacts a complete body. It yields to the event loop, so that no turn takes longer than 20 ms. */
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
