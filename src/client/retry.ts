import { isClientSecretError, type ClientSecretError } from '../protocol/errors.ts'

/** How often a submit is sent at most. Its idempotency key makes the repeats one request. */
const submitTries = 4

const firstDelay = 300
const longestDelay = 30_000
/** A timer that is set for longer fires at once. */
const longestTimer = 2 ** 31 - 1

/** May this failed submit be sent again? `tries` counts those already made. */
export function maySubmitAgain(error: ClientSecretError, tries: number): boolean {
  return tries < submitTries && (error.code === 'NETWORK_ERROR' || error.code === 'UNAVAILABLE')
}

/** May a poll go on after this failure? Reading again costs nothing, so what the network or the relay failed with is passing; a clear refusal is not. */
export function mayPollAgain(thrown: unknown): boolean {
  if (!isClientSecretError(thrown)) return false
  const { code, cause } = thrown
  return (
    code === 'NETWORK_ERROR' ||
    code === 'UNAVAILABLE' ||
    code === 'RATE_LIMITED' ||
    (code === 'INTERNAL' && cause === undefined)
  )
}

/** Milliseconds until the next try: doubling, with jitter so that many clients do not come back at once; never before `Retry-After`. */
export function retryDelay(error: ClientSecretError, tries: number): number {
  const backoff = Math.min(longestDelay, firstDelay * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
  return Math.min(longestTimer, Math.max(backoff, (error.retryAfter ?? 0) * 1000))
}

/** Waits for the signal. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}

/** Waits; ends early, without an error, when the signal fires. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted || milliseconds <= 0) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}
