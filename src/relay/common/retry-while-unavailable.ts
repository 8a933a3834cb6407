import { setTimeout as sleep } from 'node:timers/promises'
import { isClientSecretError } from '../../protocol/errors.ts'

/** Milliseconds between two attempts. */
const pause = 250

/** Repeats work that must succeed while the database is unavailable, until the signal aborts. */
export async function retryWhileUnavailable<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isClientSecretError(error) || error.code !== 'UNAVAILABLE' || signal.aborted) throw error
      await sleep(pause)
    }
  }
}
