import { isGone } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import { sleep } from './retry-delay.ts'
import type { Transport } from './transport.ts'

/** Cancels a request on its way to the relay. The relay knows it by its key as soon as it arrives. */
export async function cancelByKey(
  transport: Transport,
  idempotencyKey: string,
  submitting: AbortController,
): Promise<CancelAnswer> {
  for (let tries = 0; tries < 5; tries++) {
    try {
      return await transport.cancel(idempotencyKey)
    } catch (error) {
      if (!isGone(error)) throw error
      await sleep(100)
    }
  }
  submitting.abort()
  return { removed: true, message: 'The request ended before it reached the relay.' }
}
