import type { CancelAnswer } from '../../protocol/record.ts'
import { cancellationOf, type PubSub } from '../database/pub-sub.ts'
import type { DirectRequests } from '../execution/direct/direct-requests.ts'
import { absent } from './poll.ts'
import type { Records } from '../database/records.ts'
import { placesOf } from '../database/shared-queue-places.ts'
import type { SharedQueueRunner } from '../execution/queue/shared-queues.ts'

const ended = { removed: true, message: 'The relay ended the API call. The API may have acted already.' }

interface CancelDeps {
  records: Records
  direct: DirectRequests
  pubSub: PubSub
  sharedQueues: Pick<SharedQueueRunner, 'has'>
}

/**
 * Removes a request from its queue, or ends its running call. The caller names it by
 * its id, or by its idempotency key, which the sender knows before the answer.
 *
 * @throws ClientSecretError `REQUEST_NOT_FOUND` or `EXPIRED`
 */
export async function cancel(
  { records, direct, pubSub, sharedQueues }: CancelDeps,
  owner: string,
  idOrKey: string,
): Promise<CancelAnswer> {
  if (direct.cancel(owner, idOrKey)) return ended
  const found = await records.find(owner, idOrKey)
  if (!found || found.expiresAt <= records.now()) throw absent(records, idOrKey)
  const { id, concurrencyKey, queueName } = found
  if (await records.cancel(id, 'pending')) {
    pubSub.publish(id, concurrencyKey, sharedQueues.has(queueName) ? placesOf(queueName!) : null)
    return { removed: true, message: 'The relay removed the request from its queue, and does not call the API for it.' }
  }
  if (await records.cancel(id, 'running')) {
    // Another relay may be making the call.
    pubSub.publish(cancellationOf(concurrencyKey), id, concurrencyKey)
    return ended
  }
  return { removed: false, message: 'The request had already settled, so the relay could not cancel it.' }
}
