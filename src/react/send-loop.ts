import { unstable_serialize as serialize } from 'swr'
import type { RequestParams } from '../client/request-params.ts'
import { since } from '../client/retry-delay.ts'
import { ClientSecretError } from '../protocol/errors.ts'

/** Sends of the same request within a second. No person reaches it; an effect that runs for each state does at once. */
const maxSendsPerSecond = 20

/** Returns a function that checks each send: it gives an error for a request that an effect sends in a loop. */
export function createLoopCheck(): (params: RequestParams) => ClientSecretError | undefined {
  let lastSent = ''
  let sentAt: number[] = []
  return (params) => {
    const now = Date.now()
    const sent = serialize(params)
    sentAt = sent === lastSent ? sentAt.filter((time) => since(time) < 1_000) : []
    lastSent = sent
    if (sentAt.push(now) <= maxSendsPerSecond) return
    return new ClientSecretError(
      'SEND_LOOP',
      `A component sent the same request ${maxSendsPerSecond} times within a second. If an effect sends it, let the effect depend on send alone: const { send } = useClientSecretRequest(…).`,
    )
  }
}
