import type { Migration } from '../migration.ts'

/** The lease under which a relay ran a background record last: the others take it over when that relay has ended. */
export const migration: Migration = () => ['ALTER TABLE records ADD COLUMN lease TEXT']
