import type { Migration } from '../migration.ts'

export const migration: Migration = ({ countedKey }) => [
  // The values are sealed together with all that says how they may be used; see bindingOf in stored-key.ts.
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
  // No reference to the keys: what was done to one is known also when it is gone.
  `CREATE TABLE key_changes (
    seq ${countedKey},
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    key_name TEXT NOT NULL,
    version BIGINT
  )`,
  // So that who used a key can be listed without reading what was sent and answered. Older records do not have them.
  'ALTER TABLE records ADD COLUMN host TEXT',
  'ALTER TABLE records ADD COLUMN upstream_status BIGINT',
]
