import type { Migration } from '../migration.ts'

// A module, because a bundler would not include an SQL file.
export const migration: Migration = ({ countedKey }) => [
  `CREATE TABLE records (
    seq ${countedKey},
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    key_name TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    method TEXT NOT NULL,
    url_hash TEXT NOT NULL,
    queue_name TEXT,
    queue_hash TEXT,
    concurrency_key TEXT NOT NULL,
    relay TEXT,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    request TEXT NOT NULL,
    response TEXT,
    error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempted_at BIGINT,
    not_before BIGINT NOT NULL
  )`,
  // Texts of callers are hashed, because an entry of a Postgres index has at most 2,700 bytes.
  'CREATE UNIQUE INDEX records_idempotency ON records (owner, idempotency_key)',
  `CREATE INDEX records_concurrency_key ON records (concurrency_key, seq) WHERE status IN ('pending', 'running')`,
  // The status is a column too, or SQLite would prefer the larger index of all records of the key.
  `CREATE INDEX records_unsettled_of_key ON records (key_name, status) WHERE status IN ('pending', 'running')`,
  `CREATE INDEX records_direct ON records (relay) WHERE status IN ('pending', 'running')`,
  'CREATE INDEX records_history ON records (owner, seq)',
  'CREATE INDEX records_history_of_url ON records (owner, url_hash, method, seq)',
  'CREATE INDEX records_history_of_queue ON records (owner, queue_hash, seq) WHERE queue_hash IS NOT NULL',
  // The count of a caller's unsettled records uses it too.
  'CREATE INDEX records_history_of_status ON records (owner, status, seq)',
  'CREATE INDEX records_history_of_key ON records (key_name, seq)',
  'CREATE INDEX records_expiry ON records (expires_at)',
  'CREATE TABLE relays (id TEXT PRIMARY KEY, seen_at BIGINT NOT NULL)',
]
