import type { Migration } from '../migration.ts'

export const migration: Migration = () => [
  'CREATE TABLE shared_queues (name TEXT PRIMARY KEY, round BIGINT NOT NULL, paused_until BIGINT NOT NULL)',
  // The turns of unsettled records: the lowest round is first, within a round the lowest seq. Those of settled records
  // stay for a while.
  'CREATE TABLE shared_turns (id TEXT PRIMARY KEY, queue TEXT NOT NULL, concurrency_key TEXT NOT NULL, round BIGINT NOT NULL, seq BIGINT NOT NULL)',
  'CREATE INDEX shared_turns_order ON shared_turns (queue, round, seq)',
  'CREATE INDEX shared_turns_of_key ON shared_turns (concurrency_key, round)',
  // One row for each call: with a relay while it runs, then without until it no longer counts in its minute.
  `CREATE TABLE shared_calls (
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    queue TEXT NOT NULL,
    concurrency_key TEXT NOT NULL,
    round BIGINT NOT NULL,
    relay TEXT,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (id, version)
  )`,
  'CREATE INDEX shared_calls_start ON shared_calls (queue, started_at)',
  'CREATE INDEX shared_calls_of_key ON shared_calls (concurrency_key)',
  'CREATE INDEX shared_calls_running ON shared_calls (queue, relay) WHERE relay IS NOT NULL',
]
