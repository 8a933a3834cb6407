import type { AuditEntry } from '../../protocol/keys.ts'
import type { Connection, Database, Value } from '../database/database.ts'

/** Every SQL statement about keys is in this file. */

/** A key, as the database stores it. */
export interface StoredKey {
  name: string
  locked: boolean
  /** Rules and limits as JSON. The values are bound to the exact text. */
  allow: string
  limits: string
  version: number
  /** Encrypted. */
  value: string
  previousVersion: number | null
  previousValue: string | null
  /** Id of the master key that encrypts the values. */
  masterKey: string
  createdAt: number
  updatedAt: number
  uses: number
  lastUsedAt: number | null
  /** The last time an API refused the newest value and took the previous one. */
  fellBackAt: number | null
}

/** Uses of a key since the last write. */
export type Usage = Pick<StoredKey, 'uses' | 'lastUsedAt' | 'fellBackAt'>

/** Relays publish it when a key changes. */
export const keysTopic = 'keys'
/** A transaction that changes keys holds it, so that nothing changes between its reads and its writes. */
export const keysLock = 'client-secret-relay: keys'

const text = (value: Value) => value
/** Postgres gives a BIGINT as text. */
const number = (value: Value) => (value === null ? null : Number(value))
/** Only 0 means open: a damaged row is locked. */
const flag = (value: Value) => Number(value) !== 0

/** The columns of a key, and how to read them. */
const columns: Record<keyof StoredKey, [name: string, read: (value: Value) => Value | boolean]> = {
  name: ['name', text],
  locked: ['locked', flag],
  allow: ['allow', text],
  limits: ['limits', text],
  version: ['version', number],
  value: ['value', text],
  previousVersion: ['previous_version', number],
  previousValue: ['previous_value', text],
  masterKey: ['master_key', text],
  createdAt: ['created_at', number],
  updatedAt: ['updated_at', number],
  uses: ['uses', number],
  lastUsedAt: ['last_used_at', number],
  fellBackAt: ['fell_back_at', number],
}
const fields = Object.keys(columns) as (keyof StoredKey)[]
const columnNames = fields.map((field) => columns[field][0])

/** Only `addUsage` changes the counts of a key that is there, and nothing changes the time of its creation. */
const keptColumns = ['name', 'created_at', 'uses', 'last_used_at']
const writeStatement = `INSERT INTO stored_keys (${columnNames.join(', ')}) VALUES (${fields.map((_, index) => `$${index + 1}`).join(', ')})
  ON CONFLICT (name) DO UPDATE SET ${columnNames
    .filter((name) => !keptColumns.includes(name))
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`

type Row = Record<string, Value>

export async function readStoredKeys(connection: Connection): Promise<StoredKey[]> {
  const rows = await connection.query<Row>(`SELECT ${columnNames.join(', ')} FROM stored_keys ORDER BY name`)
  return rows.map(storedKeyOf)
}

export async function readStoredKey(connection: Connection, name: string): Promise<StoredKey | null> {
  const [row] = await connection.query<Row>(`SELECT ${columnNames.join(', ')} FROM stored_keys WHERE name = $1`, [name])
  return row ? storedKeyOf(row) : null
}

function storedKeyOf(row: Row): StoredKey {
  const entries = fields.map((field) => {
    const [name, read] = columns[field]
    return [field, read(row[name]!)]
  })
  return Object.fromEntries(entries) as StoredKey
}

/** Adds a key, or replaces it and keeps its counts. */
export async function writeStoredKey(connection: Connection, key: StoredKey): Promise<void> {
  await connection.query(
    writeStatement,
    fields.map((field) => {
      const value = key[field]
      return typeof value === 'boolean' ? Number(value) : value
    }),
  )
}

/** The version of the removed key; null if there was none. */
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

/** Names of administrators may come from outside: longer ones are cut. */
const maxWho = 200

export async function writeAudit(
  connection: Connection,
  { who, what, key, version }: Omit<AuditEntry, 'at'>,
): Promise<void> {
  await connection.query('INSERT INTO key_changes (at, who, what, key_name, version) VALUES ($1, $2, $3, $4, $5)', [
    Date.now(),
    who.slice(0, maxWho),
    what,
    key,
    version ?? null,
  ])
}

/** The changes of keys, the newest first. */
export async function readAudit(database: Database, limit: number): Promise<AuditEntry[]> {
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
