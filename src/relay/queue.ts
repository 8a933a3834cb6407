/** What waits to be run in the background. */
export interface Job {
  /** Id of the record. */
  id: string
  /** Jobs with the same key run one at a time, in the order they were added; null runs at once. */
  queueKey: string | null
}

/** Runs jobs in order. */
export interface Queue {
  add(job: Job): Promise<void>
  /** Starts no more jobs, and resolves when those that run have ended. What waits is left in the records. */
  close(): Promise<void>
}

/** Runs one job. It never rejects: how it went is in the record. */
export type Run = (id: string) => Promise<void>
