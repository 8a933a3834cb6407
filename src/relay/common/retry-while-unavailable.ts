import { setTimeout as sleep } from 'node:timers/promises'
import { isClientSecretError } from '../../protocol/errors.ts'

/** Milliseconds between tries. */
const pause = 250

/** Does what must be done in the end, again and again while the database is away, until the signal fires. */
export async function patiently<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!isClientSecretError(error) || error.code !== 'UNAVAILABLE' || signal.aborted) throw error
      await sleep(pause)
    }
  }
}
