import type { Migration } from '../migration.ts'

/** Token, signature and names of values of a registered key, as JSON. */
export const migration: Migration = () => [`ALTER TABLE stored_keys ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'`]
