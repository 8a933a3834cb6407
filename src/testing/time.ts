import { sleep } from '../client/retry.ts'

/** Waits; where there is nothing to wait for without a timer, which under fake timers somebody would have to move. */
export async function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, signal)
}

/** Waits for the signal. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}
