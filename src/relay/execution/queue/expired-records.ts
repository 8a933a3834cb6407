import { setImmediate } from 'node:timers/promises'
import { isClientSecretError } from '../../../protocol/errors.ts'
import type { Logger } from '../../common/logger.ts'
import type { PubSub } from '../../database/pub-sub.ts'
import { placesOf } from '../../database/shared-queue-places.ts'
import type { LimitCounts } from '../../database/limit-counts.ts'
import type { Records } from '../../database/records.ts'
import type { SharedQueueRunner } from './shared-queues.ts'

/** Milliseconds between two removals. */
const removeEvery = 1_000
/** Removals of records for one of counts. */
const countsEvery = 60

interface Deps {
  records: Records
  pubSub: PubSub
  sharedQueues: Pick<SharedQueueRunner, 'has'>
  counts: Pick<LimitCounts, 'removeOld'>
  logger: Logger
}

/** Removes expired records from now on. Returns the function that stops it. */
export function removeExpiredRecords(deps: Deps): () => void {
  const { records, pubSub, sharedQueues, counts, logger } = deps
  let removals = 0
  let removing: Promise<void> | undefined

  async function remove(): Promise<void> {
    if (++removals % countsEvery === 0) await counts.removeOld()
    for (let isFull = true; isFull && !pubSub.isClosed();) {
      const removed = await records.removeExpired()
      pubSub.publish(...removed.concurrencyKeys, ...removed.queueNames.filter(sharedQueues.has).map(placesOf))
      isFull = removed.isFull
      // SQLite answers in the same turn: after a long pause of the relay, nothing else would get a turn for seconds.
      await setImmediate()
    }
  }

  const timer = setInterval(() => {
    // While the database is unavailable, a removal takes longer than this interval.
    removing ??= remove()
      .catch((error: unknown) => {
        // The heartbeat logs an unavailable database, once.
        if (!isClientSecretError(error)) logger.error({ err: error }, 'could not remove expired records')
      })
      .then(() => {
        removing = undefined
      })
  }, removeEvery)
  timer.unref()
  return () => clearInterval(timer)
}
