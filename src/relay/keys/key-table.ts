import type { AuditEntry } from '../../protocol/keys.ts'
import type { Connection, Database } from '../database/database.ts'

/** Every SQL statement about keys is in this file. */

/** A key, as the database stores it. */
export interface StoredKey {
  name: string
  locked: boolean
  /** Rules and limits as JSON. The values are bound to the exact text. */
  allow: string
  limits: string
  /** Token, signature and names of values as JSON, bound as well; `{}` for none. */
  settings: string
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

/** The columns of a key, by field. */
const columns: Record<keyof StoredKey, string> = {
  name: 'name',
  locked: 'locked',
  allow: 'allow',
  limits: 'limits',
  settings: 'settings',
  version: 'version',
  value: 'value',
  previousVersion: 'previous_version',
  previousValue: 'previous_value',
  masterKey: 'master_key',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  uses: 'uses',
  lastUsedAt: 'last_used_at',
  fellBackAt: 'fell_back_at',
}
const fields = Object.keys(columns) as (keyof StoredKey)[]
const columnNames = Object.values(columns)
/** Under the names of the fields: a row is a key whose flag is a number. */
const readColumns = fields.map((field) => `${columns[field]} AS "${field}"`).join(', ')

/** Only `addUsage` changes the counts of a key that is there, and nothing changes the time of its creation. */
const keptColumns = ['name', 'created_at', 'uses', 'last_used_at']
const writeStatement = `INSERT INTO stored_keys (${columnNames.join(', ')}) VALUES (${fields.map((_, index) => `$${index + 1}`).join(', ')})
  ON CONFLICT (name) DO UPDATE SET ${columnNames
    .filter((name) => !keptColumns.includes(name))
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`

type Row = Omit<StoredKey, 'locked'> & { locked: number }

export async function readStoredKeys(connection: Connection): Promise<StoredKey[]> {
  const rows = await connection.query<Row>(`SELECT ${readColumns} FROM stored_keys ORDER BY name`)
  return rows.map(storedKeyOf)
}

export async function readStoredKey(connection: Connection, name: string): Promise<StoredKey | null> {
  const [row] = await connection.query<Row>(`SELECT ${readColumns} FROM stored_keys WHERE name = $1`, [name])
  return row ? storedKeyOf(row) : null
}

function storedKeyOf(row: Row): StoredKey {
  // Only 0 means open: a damaged row is locked.
  return { ...row, locked: row.locked !== 0 }
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
  return row?.version ?? null
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
    key: string
    version: number | null
  }>('SELECT at, who, what, key_name AS "key", version FROM key_changes ORDER BY seq DESC LIMIT $1', [limit])
  return rows.map(({ version, ...entry }) => ({ ...entry, version: version ?? undefined }))
}
