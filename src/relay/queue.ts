import type { Transaction } from './database.ts'

/** What waits to be run in the background. */
export interface Job {
  /** Id of the record. */
  id: string
  /** Jobs with the same key run one at a time, in the order they arrived; null runs beside all others. */
  queueKey: string | null
}

/** Sees to it that what waits in the records is run. */
export interface Queue {
  /** Takes a job in together with its record: when the transaction takes effect, and not otherwise. */
  add(this: void, job: Job, transaction: Transaction): Promise<void>
  /** Tells the other relays that this one still runs what it runs. */
  beat(this: void): Promise<void>
  /** Makes free what dead relays ran. */
  takeOver(): Promise<void>
  /** Starts no more jobs, and resolves when those that run have ended. What waits is left in the records. */
  close(): Promise<void>
}
