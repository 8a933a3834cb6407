import type { ClientSecretError } from '../protocol/errors.ts'

/** How often a submit is sent at most. Its idempotency key makes the repeats one request. */
const submitTries = 4

const firstDelay = 300
const longestDelay = 30_000
/** A timer that is set for longer fires at once. */
export const longestTimer = 2 ** 31 - 1

/** The network's failures, or those of what stands before the relay. */
function isPassing({ code }: ClientSecretError): boolean {
  return code === 'NETWORK_ERROR' || code === 'UNAVAILABLE'
}

/** May this failed submit be sent again? `tries` counts those already made. */
export function maySubmitAgain(error: ClientSecretError, tries: number): boolean {
  return tries < submitTries && isPassing(error)
}

/**
 * May a poll go on after this failure? Reading again costs nothing, so what the
 * network or the relay failed with is passing; a clear refusal is not, and
 * neither is a mistake on this side, which has its cause.
 */
export function mayPollAgain(error: ClientSecretError): boolean {
  // Nobody aborted it: it was silent for too long.
  if (error.code === 'ABORTED') return true
  return isPassing(error) || error.code === 'RATE_LIMITED' || (error.code === 'INTERNAL' && error.cause === undefined)
}

/** Milliseconds until the next try: doubling, with jitter so that many clients do not come back at once; never before `Retry-After`. */
export function retryDelay({ retryAfter = 0 }: ClientSecretError, tries: number): number {
  const backoff = Math.min(longestDelay, firstDelay * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
  return Math.min(longestTimer, Math.max(backoff, retryAfter * 1000))
}

/** Waits; ends early, without an error, when the signal fires. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(done, Math.max(0, milliseconds))
    signal?.addEventListener('abort', done)
  })
}
