import type { Transaction } from '../../database/database.ts'
import type { QueuedRecord } from '../../database/stored-record.ts'

/**
 * Milliseconds for which a queue of a single relay pauses after its process died during a call. Few APIs notice a lost
 * connection. An API that continues would work on two calls of a queue at a time.
 */
export const restAfterDeath = 5_000

/**
 * Runs the records that wait. Records with the same concurrency key run one at a
 * time, in the order of arrival: those of a queue, or a single record without a queue.
 */
export interface Queue {
  /** Adds a record's key to the queue in the transaction that writes the record, and takes effect with it. */
  add(this: void, record: QueuedRecord, transaction: Transaction): Promise<void>
  /** Tells the other relays that this one, which the database saw at this time, still runs its records. */
  beat(this: void, seenAt: number): Promise<void>
  /** Frees the records of dead relays. */
  takeOver(): Promise<void>
  /** Starts no more records, and resolves when the running ones have ended. Waiting records stay for the next start. */
  close(): Promise<void>
}
