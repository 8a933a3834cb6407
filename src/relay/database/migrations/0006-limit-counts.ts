import type { Migration } from '../migration.ts'

export const migration: Migration = ({ unlogged }) => [
  `CREATE ${unlogged} TABLE limit_counts (name TEXT PRIMARY KEY, count BIGINT NOT NULL, ends_at BIGINT NOT NULL)`,
]
