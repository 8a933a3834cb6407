import type { Migration } from '../migration.ts'

export const migration: Migration = ({ countedKey }) => [
  // Encryption binds the values to the columns that limit their use; see bindingOf in encrypted-key.ts.
  `CREATE TABLE stored_keys (
    name TEXT PRIMARY KEY,
    locked BIGINT NOT NULL,
    allow TEXT NOT NULL,
    limits TEXT NOT NULL,
    version BIGINT NOT NULL,
    value TEXT NOT NULL,
    previous_version BIGINT,
    previous_value TEXT,
    master_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    uses BIGINT NOT NULL,
    last_used_at BIGINT,
    fell_back_at BIGINT
  )`,
  // No reference to stored_keys: the entries outlive the key.
  `CREATE TABLE key_changes (
    seq ${countedKey},
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    key_name TEXT NOT NULL,
    version BIGINT
  )`,
  // They list the uses of a key without its requests and answers. Older records do not have them.
  'ALTER TABLE records ADD COLUMN host TEXT',
  'ALTER TABLE records ADD COLUMN upstream_status BIGINT',
]
