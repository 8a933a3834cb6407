import { retryWhileUnavailable } from '../common/retry-while-unavailable.ts'
import type { Logger } from '../common/logger.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { unreadable, UnreadableRecordError } from '../database/record-columns.ts'
import type { Records } from '../database/records.ts'
import type { StreamPieces } from '../database/stream-pieces.ts'
import type { Outcome, RecordSummary, StoredRecord } from '../database/stored-record.ts'
import type { Keys } from '../keys/key.ts'
import { retryDelayFrom } from '../upstream/retry-after.ts'
import { isSafeToRetry } from '../upstream/safe-to-retry.ts'
import { isAborted } from './run-errors.ts'
import { writeEnding } from './write-ending.ts'

/** Writes the end of a run into its record. */
export interface Settlement {
  /**
   * Keeps the answer until the database has it. Gives the status that the record has then.
   *
   * @param isCalled Whether the API may have acted.
   */
  settle: (record: StoredRecord, outcome: Outcome, isCalled: boolean) => Promise<StoredRecord['status']>
  /**
   * Settles a record whose run did not end: it runs again, or it failed because the upstream may have acted.
   *
   * @param notBefore When it may run again. Default: now.
   */
  settleInterrupted: (head: RecordSummary, notBefore?: number) => Promise<'pending' | 'failed'>
}

interface SettlementDeps {
  keys: Keys
  records: Records
  pieces: StreamPieces
  pubSub: PubSub
  logger: Logger
  /** Milliseconds from the first attempt in which a request waits for an upstream's limit. */
  maxUpstreamWait: number
  stopping: AbortSignal
}

export function createSettlement(deps: SettlementDeps): Settlement {
  const { keys, records, pieces, pubSub, logger, maxUpstreamWait, stopping } = deps

  function settle(record: StoredRecord, outcome: Outcome, isCalled: boolean): Promise<StoredRecord['status']> {
    return retryWhileUnavailable(async () => {
      if (stopping.aborted && isAborted(outcome)) return settleInterrupted(record)
      const until = waitsUntil(record, outcome, isCalled, maxUpstreamWait, records.now())
      // The refusal of this run is no part of the answer.
      if (until !== null && record.request.keep) await pieces.clear(record.id)
      // A record that is not running any more was cancelled.
      if (until === null) return (await writeEnding(deps, record, outcome)) ?? 'cancelled'
      return (await records.requeue(record, until)) ? 'pending' : 'cancelled'
    }, stopping)
  }

  async function settleInterrupted(head: RecordSummary, notBefore?: number): Promise<'pending' | 'failed'> {
    const record = await readIfPossible(head)
    if (!record) return 'failed'
    const { method, clientSecretName } = record.request
    // A direct request has lost its caller. When its caller sends it again, it runs again where that is safe. The readers
    // of a stream have the beginning of this answer, and another one would not continue it.
    const isAgain =
      record.relay === null && !record.request.keep && isSafeToRetry(keys.get(clientSecretName), record.request)
    if (isAgain) await records.requeue(head, notBefore)
    else {
      const message = `The relay stopped during the API call, so the ${method} may or may not have had its effect. The relay does not send it again. Check at the API before you do.`
      await records.settle(head, { status: 'failed', error: { code: 'INTERRUPTED', message } })
    }
    pubSub.publish(head.id, head.concurrencyKey)
    return isAgain ? 'pending' : 'failed'
  }

  /** The record, or null when it is gone or unreadable. An unreadable record is settled as failed. */
  async function readIfPossible(head: RecordSummary): Promise<StoredRecord | null> {
    try {
      return await records.read(head.owner, head.id)
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error
      logger.error({ id: head.id, err: error }, 'a request cannot be read; it is settled as failed')
      await records.settle(head, { status: 'failed', error: unreadable })
      pubSub.publish(head.id, head.concurrencyKey)
      return null
    }
  }

  return { settle, settleInterrupted }
}

/** When a queued request runs again because the upstream asked for a pause; null when it does not. */
function waitsUntil(
  { queueName, attemptedAt, expiresAt }: StoredRecord,
  { response, error }: Outcome,
  isCalled: boolean,
  maxUpstreamWait: number,
  now: number,
): number | null {
  // The relay itself asks for a pause while the caller's budget is reserved for its other calls.
  const ownPause = !isCalled && error?.code === 'RATE_LIMITED' && error.retryAfter ? error.retryAfter * 1000 : null
  const pause = response ? retryDelayFrom(response.status, response.headers) : ownPause
  if (queueName === null || pause === null || pause === undefined) return null
  const isInTime = now + pause < Math.min(expiresAt, (attemptedAt ?? now) + maxUpstreamWait)
  return isInTime ? Date.now() + pause : null
}
