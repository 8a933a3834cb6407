import type { Migration } from '../migration.ts'

/** Tokens made from secrets, encrypted, and the relay that makes the next one. Only relays on Postgres use it. */
export const migration: Migration = () => [
  `CREATE TABLE minted_tokens (
    id TEXT PRIMARY KEY,
    outcome TEXT,
    usable_until BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    minter TEXT,
    minter_until BIGINT NOT NULL
  )`,
]
