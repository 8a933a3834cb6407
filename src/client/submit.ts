import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { maySubmitAgain, retryDelay, sleep } from './retry-delay.ts'
import type { Transport } from './transport.ts'

/** Sends a request, and again after a network failure. The idempotency key makes the repeats one request. */
export async function submit(
  transport: Transport,
  request: ClientSecretRequest,
  options: { idempotencyKey: string; signal: AbortSignal },
): Promise<ClientSecretRecord> {
  for (let tries = 1; ; tries++) {
    if (options.signal.aborted) throw new ClientSecretError('ABORTED', 'The signal aborted the request.')
    try {
      return await transport.submit(request, options)
    } catch (thrown) {
      const error = asClientSecretError(thrown)
      if (!transport.isIdempotent || !maySubmitAgain(error, tries)) throw error
      await sleep(retryDelay(error, tries), options.signal)
    }
  }
}
