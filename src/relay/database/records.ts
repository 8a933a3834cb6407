import type { Database } from './database.ts'
import { createPubSub } from './pub-sub.ts'
import { createRecordInserts, type RecordInserts } from './record-inserts.ts'
import { createRecordLimits, type RecordLimits } from './record-limits.ts'
import { createRecordQueues, type RecordQueues } from './record-queues.ts'
import { createRecordReads, type RecordReads } from './record-reads.ts'
import { createRecordTransitions, type RecordTransitions } from './record-transitions.ts'
import { createSharedQueuePlaces } from './shared-queue-places.ts'

export type { MostUnsettled } from './record-limits.ts'
export type { RecordFilter, RecordOfUse } from './record-reads.ts'

/** Every SQL statement about records is in one of these parts. */
export interface Records extends RecordInserts, RecordTransitions, RecordQueues, RecordReads, RecordLimits {
  /** Whether the relay removed this record early because the database in memory was full, for any owner. */
  hasMadeRoom(id: string): boolean
  /** Rejects with `UNAVAILABLE` while the database does not answer. */
  ping(): Promise<void>
  /** The time by which records expire, in milliseconds since 1970: by the clock of the database, which relays share. */
  now(): number
}

export function createRecords(database: Database, places = createSharedQueuePlaces(database, createPubSub())): Records {
  return {
    ...createRecordInserts(database, places),
    ...createRecordTransitions(database),
    ...createRecordQueues(database),
    ...createRecordReads(database, places),
    ...createRecordLimits(database),
    hasMadeRoom: () => false,
    ping: async () => void (await database.query('SELECT 1')),
    now: () => database.now(),
  }
}
