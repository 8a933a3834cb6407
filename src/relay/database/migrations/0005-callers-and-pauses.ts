import type { Migration } from '../migration.ts'

/** Turns belong to callers as limits count them: to users, and to visitors by their network. Pauses belong to a key at a host. */
export const migration: Migration = () => [
  'ALTER TABLE shared_turns RENAME COLUMN concurrency_key TO caller',
  'CREATE INDEX shared_turns_of_queue ON shared_turns (queue, caller)',
  `ALTER TABLE shared_calls ADD COLUMN caller TEXT NOT NULL DEFAULT ''`,
  'UPDATE shared_calls SET caller = concurrency_key',
  'CREATE INDEX shared_calls_of_caller ON shared_calls (caller)',
  `CREATE TABLE shared_pauses (
    queue TEXT NOT NULL,
    key_name TEXT NOT NULL,
    host TEXT NOT NULL,
    paused_until BIGINT NOT NULL,
    PRIMARY KEY (queue, key_name, host)
  )`,
  'ALTER TABLE shared_queues DROP COLUMN paused_until',
]
