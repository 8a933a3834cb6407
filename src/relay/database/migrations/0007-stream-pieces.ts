import type { Migration } from '../migration.ts'

// The bytes of kept streams, in base64. The piece at position -1 is the head, as JSON. They go with their record.
export const migration: Migration = () => [
  `CREATE TABLE stream_pieces (
    id TEXT NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    bytes TEXT NOT NULL,
    PRIMARY KEY (id, position)
  )`,
]
