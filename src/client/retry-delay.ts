import type { ClientSecretError } from '../protocol/errors.ts'

/** Maximum submits of one request. With the same idempotency key, the relay makes only one call. */
const maxSubmits = 4

const firstDelay = 300
const maxDelay = 30_000
/** Longer timers fire at once. */
export const maxTimer = 2 ** 31 - 1

/** A failure of the network, or of a server in front of the relay. */
function isTemporary({ code }: ClientSecretError): boolean {
  return code === 'NETWORK_ERROR' || code === 'UNAVAILABLE'
}

/** Whether to submit again after `tries` submits. */
export function maySubmitAgain(error: ClientSecretError, tries: number): boolean {
  return tries < maxSubmits && isTemporary(error)
}

/** Whether to poll again. Polls are free, so only a clear refusal or a bug on this side ends them. A bug has a cause. */
export function mayPollAgain(error: ClientSecretError): boolean {
  // The poll's own time limit aborted it. An abort by the caller does not get here.
  if (error.code === 'ABORTED') return true
  return isTemporary(error) || error.code === 'RATE_LIMITED' || (error.code === 'INTERNAL' && error.cause === undefined)
}

/** Milliseconds until the next try: doubles each time, with jitter, and respects `Retry-After`. */
export function retryDelay({ retryAfter = 0 }: ClientSecretError, tries: number): number {
  const backoff = Math.min(maxDelay, firstDelay * 2 ** (tries - 1)) * (0.5 + Math.random() / 2)
  return Math.min(maxTimer, Math.max(backoff, retryAfter * 1000))
}

/** Milliseconds since a time. A clock that is set back ends a pause, and does not stretch it. */
export const since = (time: number) => Math.abs(Date.now() - time)

/** Waits, or until the signal fires. */
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
