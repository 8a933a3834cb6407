import type { Transaction } from '../database/database.ts'

/**
 * Sees to it that what waits in the records is run. A line is what runs one at a
 * time, in the order of arrival: a queue, or a request without one, alone.
 */
export interface Queue {
  /** Takes in that something waits in a line, together with the record that does: when the transaction takes effect, and not otherwise. */
  add(this: void, line: string, transaction: Transaction): Promise<void>
  /** Tells the other relays that this one, which the database saw at this time, still has what it runs. */
  beat(this: void, seenAt: number): Promise<void>
  /** Makes free what dead relays ran. */
  takeOver(): Promise<void>
  /** Starts no more jobs, and resolves when those that run have ended. What waits is left in the records. */
  close(): Promise<void>
}
