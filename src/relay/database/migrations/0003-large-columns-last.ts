import type { Migration } from '../migration.ts'

/**
 * SQLite reads a row page by page, up to the column that it needs: behind a response of 10 MB, the time of expiry was a
 * thousand pages away. So the large columns come last. A later large column belongs in a table of its own.
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
