import type { Database } from './database.ts'
import { createRecordInserts, type RecordInserts } from './record-inserts.ts'
import { createRecordLimits, type RecordLimits } from './record-limits.ts'
import { createRecordQueues, type RecordQueues } from './record-queues.ts'
import { createRecordReads, type RecordReads } from './record-reads.ts'
import { createRecordTransitions, type RecordTransitions } from './record-transitions.ts'

export type { MostUnsettled } from './record-limits.ts'
export type { RecordFilter, RecordOfUse } from './record-reads.ts'

/** Every SQL statement about records is in one of these parts. */
export interface Records extends RecordInserts, RecordTransitions, RecordQueues, RecordReads, RecordLimits {
  /** Whether the relay removed this record early because the database in memory was full, for any owner. */
  hasMadeRoom(id: string): boolean
}

export function createRecords(database: Database): Records {
  return {
    ...createRecordInserts(database),
    ...createRecordTransitions(database),
    ...createRecordQueues(database),
    ...createRecordReads(database),
    ...createRecordLimits(database),
    hasMadeRoom: () => false,
  }
}
