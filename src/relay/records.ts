import { createHash, randomBytes } from 'node:crypto'
import type { ClientSecretRecord, RecordStatus, UpstreamResponse, WireError } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import type { Database, Value } from './database.ts'

/** What is small in a record: enough to see whether it has changed. */
export interface RecordHead {
  id: string
  owner: string
  /** Order of arrival. */
  seq: number
  queueName: string | null
  /** What runs one at a time; null runs in parallel. */
  queueKey: string | null
  status: RecordStatus
  version: number
  /** Unsettled records of the same queue up to and including this one; 0 without a queue or when settled. */
  place: number
  error: WireError | null
  createdAt: number
  updatedAt: number
  expiresAt: number
}

/** A record as the relay keeps it. The request is in its placeholder form, the response redacted. */
export interface StoredRecord extends RecordHead {
  request: ClientSecretRequest
  response: UpstreamResponse | null
}

/** How a run ended. */
export type Outcome = { status: 'resolved' | 'failed' | 'cancelled'; response?: UpstreamResponse; error?: WireError }

export interface Records {
  /** Writes a new record; or, when this owner has used the idempotency key before, gives the one it made. */
  insert(record: NewRecord): Promise<{ record: StoredRecord; isNew: boolean; isSameRequest: boolean }>
  /** Whether this owner has used the idempotency key before. */
  isKnown(owner: string, idempotencyKey: string): Promise<boolean>
  /** The owner's records among these ids, without what may be large. */
  heads(owner: string, ids: readonly string[]): Promise<RecordHead[]>
  /** A record of the owner's. */
  read(owner: string, id: string): Promise<StoredRecord | null>
  /** Makes a pending record running; null when it is not pending any more. */
  start(id: string): Promise<StoredRecord | null>
  /** Ends a running record; false when it was not running any more. */
  settle(id: string, outcome: Outcome): Promise<boolean>
  /** The owner's record with this id or idempotency key, without what may be large. */
  find(owner: string, idOrKey: string): Promise<RecordHead | null>
  /** Makes a record cancelled that is in this status; false when it is not, any more. */
  cancel(id: string, from: 'pending' | 'running'): Promise<boolean>
  /** Makes a running record pending again. */
  handBack(id: string): Promise<void>
  /** All that is not settled, in order of arrival. */
  unsettled(): Promise<StoredRecord[]>
  /** The owner's unsettled records; with a name, those in queues of exactly this name. */
  countUnsettled(owner: string, queueName?: string): Promise<number>
  /** The owner's records, the newest first, from `before` on backwards. */
  history(owner: string, filter: RecordFilter): Promise<StoredRecord[]>
  /** Removes what has expired; the queues in which it stood. */
  removeExpired(): Promise<string[]>
}

export interface RecordFilter {
  url?: string | undefined
  method?: string | undefined
  queue?: string | undefined
  status?: string | undefined
  /** Only those that arrived before the one with this seq. */
  before?: number | undefined
  limit: number
}

export interface NewRecord {
  owner: string
  idempotencyKey: string
  request: ClientSecretRequest
  /** Milliseconds. */
  lifetime: number
}

// Portable: these run on SQLite and on Postgres.
const schema = [
  `CREATE TABLE IF NOT EXISTS records (
    id TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    seq BIGINT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    method TEXT NOT NULL,
    url TEXT NOT NULL,
    queue_name TEXT,
    queue_key TEXT,
    status TEXT NOT NULL,
    version BIGINT NOT NULL,
    request TEXT NOT NULL,
    response TEXT,
    error TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
  )`,
  'CREATE UNIQUE INDEX IF NOT EXISTS records_idempotency ON records (owner, idempotency_key)',
  `CREATE INDEX IF NOT EXISTS records_queue ON records (queue_key, seq) WHERE status IN ('pending', 'running')`,
  `CREATE INDEX IF NOT EXISTS records_unsettled ON records (owner, queue_name) WHERE status IN ('pending', 'running')`,
  'CREATE INDEX IF NOT EXISTS records_history ON records (owner, seq)',
  'CREATE INDEX IF NOT EXISTS records_history_of_url ON records (owner, url, method, seq)',
  'CREATE INDEX IF NOT EXISTS records_expiry ON records (expires_at)',
]

const isUnsettled = `status IN ('pending', 'running')`
const headColumns = 'id, owner, seq, queue_name, queue_key, status, version, error, created_at, updated_at, expires_at'
const columns = `${headColumns}, request, response`
const place = `CASE WHEN queue_key IS NULL OR NOT ${isUnsettled} THEN 0 ELSE
  (SELECT count(*) FROM records AS ahead WHERE ahead.queue_key = records.queue_key AND ahead.${isUnsettled} AND ahead.seq <= records.seq)
  END AS place`

interface HeadRow {
  id: string
  owner: string
  seq: number
  queue_name: string | null
  queue_key: string | null
  status: RecordStatus
  version: number
  error: string | null
  created_at: number
  updated_at: number
  expires_at: number
  place?: number
}

interface Row extends HeadRow {
  request: string
  response: string | null
}

/** Every SQL statement of the relay. */
export async function createRecords(database: Database): Promise<Records> {
  for (const statement of schema) await database.query(statement)

  let lastSeq = 0
  /** Microseconds, so that two requests of one millisecond keep their order. */
  function nextSeq(): number {
    return (lastSeq = Math.max(lastSeq + 1, Date.now() * 1000))
  }

  async function insert({ owner, idempotencyKey, request, lifetime }: NewRecord): ReturnType<Records['insert']> {
    const now = Date.now()
    const text = JSON.stringify(request)
    const fingerprint = createHash('sha256').update(text).digest('base64url')
    const expiresAt = now + Math.ceil(lifetime)
    const [made] = await database.query<{ id: string }>(
      `INSERT INTO records (id, owner, seq, idempotency_key, fingerprint, method, url, queue_name, queue_key, status, version, request, created_at, updated_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'pending', 1, $10, $11, $11, $12)
       ON CONFLICT (owner, idempotency_key) DO NOTHING RETURNING id`,
      [
        newId(expiresAt),
        owner,
        nextSeq(),
        idempotencyKey,
        fingerprint,
        request.method,
        request.url,
        request.queue ?? null,
        queueKey(owner, request),
        text,
        now,
        expiresAt,
      ],
    )
    const [row] = await database.query<Row & { fingerprint: string }>(
      `SELECT ${columns}, ${place}, fingerprint FROM records WHERE owner = $1 AND idempotency_key = $2`,
      [owner, idempotencyKey],
    )
    // The time of the one before is over, removed or not yet: its key is free again.
    if (!row || row.expires_at <= now) {
      await database.query('DELETE FROM records WHERE owner = $1 AND idempotency_key = $2 AND expires_at <= $3', [
        owner,
        idempotencyKey,
        now,
      ])
      return insert({ owner, idempotencyKey, request, lifetime })
    }
    return { record: stored(row), isNew: made !== undefined, isSameRequest: row.fingerprint === fingerprint }
  }

  return {
    insert,

    async isKnown(owner, idempotencyKey) {
      const rows = await database.query('SELECT id FROM records WHERE owner = $1 AND idempotency_key = $2', [
        owner,
        idempotencyKey,
      ])
      return rows.length > 0
    },

    async heads(owner, ids) {
      if (ids.length === 0) return []
      const list = ids.map((_, index) => `$${index + 2}`).join(', ')
      const rows = await database.query<HeadRow>(
        `SELECT ${headColumns}, ${place} FROM records WHERE owner = $1 AND id IN (${list})`,
        [owner, ...ids],
      )
      return rows.map(head)
    },

    async read(owner, id) {
      const [row] = await database.query<Row>(`SELECT ${columns}, ${place} FROM records WHERE owner = $1 AND id = $2`, [
        owner,
        id,
      ])
      return row ? stored(row) : null
    },

    async start(id) {
      const [row] = await database.query<Row>(
        `UPDATE records SET status = 'running', version = version + 1, updated_at = $2 WHERE id = $1 AND status = 'pending' AND expires_at > $2 RETURNING ${columns}`,
        [id, Date.now()],
      )
      return row ? stored(row) : null
    },

    async settle(id, { status, response, error }) {
      const rows = await database.query(
        `UPDATE records SET status = $2, version = version + 1, response = $3, error = $4, updated_at = $5 WHERE id = $1 AND status = 'running' RETURNING id`,
        [id, status, response ? JSON.stringify(response) : null, error ? JSON.stringify(error) : null, Date.now()],
      )
      return rows.length > 0
    },

    async find(owner, idOrKey) {
      const [row] = await database.query<HeadRow>(
        `SELECT ${headColumns}, ${place} FROM records WHERE owner = $1 AND (id = $2 OR idempotency_key = $2)`,
        [owner, idOrKey],
      )
      return row ? head(row) : null
    },

    async cancel(id, from) {
      const rows = await database.query(
        `UPDATE records SET status = 'cancelled', version = version + 1, updated_at = $3 WHERE id = $1 AND status = $2 RETURNING id`,
        [id, from, Date.now()],
      )
      return rows.length > 0
    },

    async handBack(id) {
      await database.query(
        `UPDATE records SET status = 'pending', version = version + 1, updated_at = $2 WHERE id = $1 AND status = 'running'`,
        [id, Date.now()],
      )
    },

    async unsettled() {
      return (await database.query<Row>(`SELECT ${columns} FROM records WHERE ${isUnsettled} ORDER BY seq`)).map(stored)
    },

    async countUnsettled(owner, queueName) {
      const [row] = await database.query<{ count: number }>(
        `SELECT count(*) AS count FROM records WHERE owner = $1 AND ${isUnsettled} ${queueName === undefined ? '' : 'AND queue_name = $2'}`,
        queueName === undefined ? [owner] : [owner, queueName],
      )
      return Number(row?.count ?? 0)
    },

    async history(owner, { limit, before, url, method, queue, status }) {
      const parameters: Value[] = [owner, Date.now(), limit]
      const conditions = Object.entries({
        'url =': url,
        'method =': method,
        'queue_name =': queue,
        'status =': status,
        'seq <': before,
      })
        .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
        .map(([comparison, value]) => `AND ${comparison} $${parameters.push(value)}`)
      const rows = await database.query<Row>(
        `SELECT ${columns}, ${place} FROM records WHERE owner = $1 AND expires_at > $2 ${conditions.join(' ')} ORDER BY seq DESC LIMIT $3`,
        parameters,
      )
      return rows.map(stored)
    },

    async removeExpired() {
      const rows = await database.query<{ queue_key: string | null }>(
        'DELETE FROM records WHERE id IN (SELECT id FROM records WHERE expires_at <= $1 LIMIT 1000) RETURNING queue_key',
        [Date.now()],
      )
      return [...new Set(rows.flatMap((row) => row.queue_key ?? []))]
    },
  }
}

/**
 * 128 random bits, and when the record expires. So it can be said of a record
 * that is gone that it has expired, and said alike of everybody's.
 */
function newId(expiresAt: number): string {
  return `${randomBytes(16).toString('hex')}-${expiresAt.toString(36)}`
}

/** When the record of this id expires or has expired; null when it is no id. */
export function expiryOf(id: string): number | null {
  const match = /^[0-9a-f]{32}-([0-9a-z]{1,10})$/.exec(id)
  return match ? parseInt(match[1]!, 36) : null
}

/** Requests of one caller with the same url, method and queue run one at a time. */
function queueKey(owner: string, { method, url, queue }: ClientSecretRequest): string | null {
  return queue === undefined ? null : JSON.stringify([owner, method, url, queue])
}

function head(row: HeadRow): RecordHead {
  return {
    id: row.id,
    owner: row.owner,
    seq: Number(row.seq),
    queueName: row.queue_name,
    queueKey: row.queue_key,
    status: row.status,
    version: Number(row.version),
    place: Number(row.place ?? 0),
    error: row.error === null ? null : (JSON.parse(row.error) as WireError),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    expiresAt: Number(row.expires_at),
  }
}

function stored(row: Row): StoredRecord {
  return {
    ...head(row),
    request: JSON.parse(row.request) as ClientSecretRequest,
    response: row.response === null ? null : (JSON.parse(row.response) as UpstreamResponse),
  }
}

/** Differs whenever something of the record does; its place in line is part of it, so that a step forward is news. */
export function versionOf({ version, place }: RecordHead): string {
  return place ? `${version}.${place}` : String(version)
}

/** The record as it travels. */
export function toWire(record: StoredRecord, { withRequest = false } = {}): ClientSecretRecord {
  const { id, status, place, queueName, request, response, error, createdAt, updatedAt, expiresAt } = record
  return {
    id,
    status,
    version: versionOf(record),
    queueName: queueName ?? undefined,
    inQueue: place || undefined,
    createdAt,
    updatedAt,
    expiresAt,
    request: withRequest ? request : undefined,
    response: response ?? undefined,
    error: error ?? undefined,
  }
}
