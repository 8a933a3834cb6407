import type { Migration } from '../migration.ts'

/** The place of a request in its caller's trace. */
export const migration: Migration = () => ['ALTER TABLE records ADD COLUMN trace TEXT']
