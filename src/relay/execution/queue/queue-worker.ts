import { isClientSecretError } from '../../../protocol/errors.ts'
import type { Logger } from '../../common/logger.ts'
import type { PubSub } from '../../database/pub-sub.ts'
import type { Records } from '../../database/records.ts'
import type { RecordSummary, StoredRecord } from '../../database/stored-record.ts'
import type { CallSlots } from './call-slots.ts'
import type { Runner } from '../runner.ts'
import { pauseAfterRefusal } from '../write-ending.ts'

export interface WorkerDeps {
  records: Records
  runner: Runner
  logger: Logger
}

/** What a queue needs. */
export interface QueueDeps extends WorkerDeps {
  /** Identifies this relay to the others. */
  relay: string
  pubSub: PubSub
  /** Slots of the relay for the calls of all its queues. */
  slots: CallSlots
}

/** The exclusive right to run the records of one concurrency key. */
export interface Lease {
  /** True when the lease allows no further run. */
  isOver(): boolean
  /** Marks the first record as running, if it is pending and its time has come. Null otherwise, or when the lease was lost. */
  claimNext(): Promise<StoredRecord | null>
  /** Renews the lease; false when it was lost. */
  show(): Promise<boolean>
  /** Ends the lease when no record is left; gives the first record otherwise. */
  end(): Promise<RecordSummary | null>
  /** Resolves when the time of a paused record has come, when it was cancelled, or when the lease is over. */
  pause(head: RecordSummary): Promise<void>
  /** Resolves after a while, or when the lease is over. */
  rest(milliseconds: number): Promise<void>
}

/** Milliseconds between tries while the database is unavailable, or no record may start. */
const betweenTries = 500

/**
 * Runs the records of a concurrency key one after another, until none is left.
 * It reads the next one from the records each time: only they have the order, the work
 * of other processes, cancellations, and the pauses of APIs.
 */
export async function runRecords(concurrencyKey: string, lease: Lease, { runner, logger }: WorkerDeps): Promise<void> {
  let misses = 0
  /** The record whose end the database refused. */
  let refused: string | undefined

  async function runNext(): Promise<boolean> {
    // Before the claim: a cancellation in between would be lost.
    const begun = runner.begin(concurrencyKey)
    try {
      const record = await lease.claimNext()
      if (!record) return false
      if (!(await begun.run(record, { show: () => lease.show() }))) refused = record.id
      return true
    } finally {
      begun.end()
    }
  }

  async function goOn(): Promise<boolean> {
    if (await runNext()) {
      misses = 0
      return true
    }
    const head = await lease.end()
    if (!head) return false
    // It runs here, under an earlier lease that this relay has lost and got again.
    if (head.status === 'running' && runner.isRunning(head)) await lease.rest(betweenTries)
    // Its API asked for a pause, or may go on with the call of a dead process.
    else if (head.notBefore > Date.now()) await lease.pause(head)
    // Only the holder of the lease may run it. This relay holds the lease and does not run it, so its process is dead,
    // or the database refused its end: then it must not run again and again.
    else if (head.status === 'running')
      await runner.settleInterrupted(head, head.id === refused ? Date.now() + pauseAfterRefusal : undefined)
    // It has arrived since. If this repeats, no record may start at the moment.
    else if (++misses > 1) await lease.rest(betweenTries)
    return true
  }

  while (!lease.isOver()) {
    try {
      if (!(await goOn())) return
    } catch (error) {
      // The heartbeat logs an unavailable database, once.
      if (!isClientSecretError(error))
        logger.error({ concurrencyKey, err: error }, 'could not continue a queue; the relay tries again')
      await lease.rest(betweenTries)
    }
  }
}
