import type { Migration } from '../migration.ts'

/**
 * SQLite comes to a column only over all that stands before it in its row, page by
 * page: with a response of 10 MB before it, the time of expiry of a record was a
 * thousand pages away. What is large stands last; so a later column is better added
 * to a table of its own.
 */
export const migration: Migration = () => [
  `ALTER TABLE records ADD COLUMN last_request TEXT NOT NULL DEFAULT ''`,
  'ALTER TABLE records ADD COLUMN last_response TEXT',
  'UPDATE records SET last_request = request, last_response = response',
  'ALTER TABLE records DROP COLUMN request',
  'ALTER TABLE records DROP COLUMN response',
  'ALTER TABLE records RENAME COLUMN last_request TO request',
  'ALTER TABLE records RENAME COLUMN last_response TO response',
]
