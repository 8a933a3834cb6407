import type { AuditEntry } from '../../protocol/keys.ts'
import type { Connection, Database } from '../database/database.ts'

/** A key as it stands in the database. */
export interface StoredKey {
  name: string
  locked: boolean
  /** Rules and limits as JSON: the very text is part of what the values are bound to. */
  allow: string
  limits: string
  version: number
  /** Sealed. */
  value: string
  previousVersion: number | null
  previousValue: string | null
  /** Id of the master key with which the values are sealed. */
  masterKey: string
  createdAt: number
  updatedAt: number
  uses: number
  lastUsedAt: number | null
  /** When an API was last seen to refuse the newest value and to take the one before. */
  fellBackAt: number | null
}

/** What has happened with a key since it was last written down. */
export interface Usage {
  uses: number
  lastUsedAt: number | null
  fellBackAt: number | null
}

interface Row {
  name: string
  locked: number
  allow: string
  limits: string
  version: number
  value: string
  previous_version: number | null
  previous_value: string | null
  master_key: string
  created_at: number
  updated_at: number
  uses: number
  last_used_at: number | null
  fell_back_at: number | null
}

const columns =
  'name, locked, allow, limits, version, value, previous_version, previous_value, master_key, created_at, updated_at, uses, last_used_at, fell_back_at'

/** Every SQL statement about keys. Each is run on the database or within a transaction of it. */
export async function readStoredKeys(connection: Connection): Promise<StoredKey[]> {
  const rows = await connection.query<Row>(`SELECT ${columns} FROM stored_keys ORDER BY name`)
  return rows.map(stored)
}

export async function readStoredKey(connection: Connection, name: string): Promise<StoredKey | null> {
  const [row] = await connection.query<Row>(`SELECT ${columns} FROM stored_keys WHERE name = $1`, [name])
  return row ? stored(row) : null
}

/** Writes a key, new or changed. What is counted is left as it is. */
export async function writeStoredKey(connection: Connection, key: StoredKey): Promise<void> {
  await connection.query(
    `INSERT INTO stored_keys (${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, NULL, $12)
     ON CONFLICT (name) DO UPDATE SET locked = $2, allow = $3, limits = $4, version = $5, value = $6,
       previous_version = $7, previous_value = $8, master_key = $9, updated_at = $11, fell_back_at = $12`,
    [
      key.name,
      key.locked ? 1 : 0,
      key.allow,
      key.limits,
      key.version,
      key.value,
      key.previousVersion,
      key.previousValue,
      key.masterKey,
      key.createdAt,
      key.updatedAt,
      key.fellBackAt,
    ],
  )
}

/** The version that it had; null when there was none. */
export async function removeStoredKey(connection: Connection, name: string): Promise<number | null> {
  const [row] = await connection.query<{ version: number }>(
    'DELETE FROM stored_keys WHERE name = $1 RETURNING version',
    [name],
  )
  return row ? Number(row.version) : null
}

export async function addUsage(connection: Connection, name: string, usage: Usage): Promise<void> {
  await connection.query(
    `UPDATE stored_keys SET uses = uses + $2,
       last_used_at = CASE WHEN coalesce(last_used_at, 0) > $3 THEN last_used_at ELSE $3 END,
       fell_back_at = CASE WHEN coalesce(fell_back_at, 0) > $4 THEN fell_back_at WHEN $4 = 0 THEN fell_back_at ELSE $4 END
     WHERE name = $1`,
    [name, usage.uses, usage.lastUsedAt ?? 0, usage.fellBackAt ?? 0],
  )
}

export async function writeChange(connection: Connection, { at, who, what, key, version }: AuditEntry): Promise<void> {
  await connection.query('INSERT INTO key_changes (at, who, what, key_name, version) VALUES ($1, $2, $3, $4, $5)', [
    at,
    who,
    what,
    key,
    version ?? null,
  ])
}

export async function readChanges(database: Database, limit: number): Promise<AuditEntry[]> {
  const rows = await database.query<{
    at: number
    who: string
    what: AuditEntry['what']
    key_name: string
    version: number | null
  }>('SELECT at, who, what, key_name, version FROM key_changes ORDER BY seq DESC LIMIT $1', [limit])
  return rows.map(({ at, who, what, key_name, version }) => ({
    at: Number(at),
    who,
    what,
    key: key_name,
    version: version === null ? undefined : Number(version),
  }))
}

function stored(row: Row): StoredKey {
  return {
    name: row.name,
    // Whatever is not plainly open is locked.
    locked: Number(row.locked) !== 0,
    allow: row.allow,
    limits: row.limits,
    version: Number(row.version),
    value: row.value,
    previousVersion: number(row.previous_version),
    previousValue: row.previous_value,
    masterKey: row.master_key,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    uses: Number(row.uses),
    lastUsedAt: number(row.last_used_at),
    fellBackAt: number(row.fell_back_at),
  }
}

function number(value: number | null): number | null {
  return value === null ? null : Number(value)
}
