import type { RecordStatus, WireError } from '../../protocol/record.ts'
import { methods } from '../../protocol/request.ts'
import { batched } from './batched.ts'
import type { Connection, Database, Transaction, Value } from './database.ts'
import { jsonText } from '../common/json-text.ts'
import {
  columns,
  errorOf,
  head,
  headColumns,
  insertedColumns,
  isUnsettled,
  place,
  readable,
  rowOf,
  stored,
  told,
  written,
  type Ended,
  type HeadRow,
  type Row,
} from './record-rows.ts'
import {
  draftOf,
  hash,
  type Draft,
  type NewRecord,
  type Outcome,
  type OwnedLine,
  type RecordSummary,
  type Seen,
  type StoredRecord,
  type ToldRecord,
} from './stored-record.ts'

export interface Records {
  /**
   * Writes a new record that is to run in the background, together with its job;
   * or, when this owner has used the idempotency key before, gives the one it made, without its answer.
   * Counted and written in one go, so that all relays together never write more than `most`.
   */
  insert(
    record: NewRecord,
    addJob: (record: OwnedLine, transaction: Transaction) => Promise<void>,
    most?: MostUnsettled,
  ): Promise<{ record: StoredRecord; isNew: boolean; isSameRequest: boolean }>
  /** The record of a direct request that begins to run, not written anywhere. */
  draft(record: NewRecord): Draft
  /** Writes the record of a direct request before it runs; or gives the one that has its idempotency key, without its answer. */
  claim(draft: Draft): Promise<{ record: StoredRecord; isNew: boolean; isSameRequest: boolean }>
  /** Takes claims away whose requests were not run. */
  withdraw(ids: readonly string[]): Promise<void>
  /** Writes a record for the first time when it has settled. One that has its idempotency key stays. */
  insertSettled(draft: Draft): Promise<void>
  /** Whether this owner has used the idempotency key before. */
  isKnown(owner: string, idempotencyKey: string): Promise<boolean>
  /** The owner's records among these ids, without what may be large. */
  summaries(owner: string, ids: readonly string[]): Promise<RecordSummary[]>
  /** A record of the owner's. Throws UnreadableRecordError when its JSON is damaged. */
  read(owner: string, id: string): Promise<StoredRecord | null>
  /** What comes first of a line's unsettled records, expired ones left out. */
  next(line: string): Promise<RecordSummary | null>
  /** Which of these lines have unsettled records. */
  notEmpty(lines: readonly string[], connection: Connection): Promise<string[]>
  /**
   * Makes running what comes first of each line, if it is pending and its time
   * has come; not after `deadline`, by the clock of the database. One that cannot
   * be read is running then and not given, as one whose relay has died since.
   */
  take(lines: readonly string[], deadline?: number, takenAt?: number): Promise<StoredRecord[]>
  /** Makes a failed record run anew, at this relay; null when it has changed. */
  restart(seen: Seen, relay: string | null): Promise<StoredRecord | null>
  /** Ends a running record; false when it was not running any more, or runs anew. */
  settle(seen: Seen, outcome: Outcome): Promise<boolean>
  /** Writes how a direct request ended that another relay has settled as interrupted meanwhile; false when it has not. */
  correct(interrupted: Seen, outcome: Outcome): Promise<boolean>
  /** The owner's record with this id or idempotency key, without what may be large. */
  find(owner: string, idOrKey: string): Promise<RecordSummary | null>
  /** Makes a record cancelled that is in this status; false when it is not, any more. */
  cancel(id: string, from: 'pending' | 'running'): Promise<boolean>
  /** Makes a running record pending again, for later if a time is named; false when it was not running any more. */
  requeue(seen: Seen, notBefore?: number): Promise<boolean>
  /** Whether a record is unsettled and has this version still. */
  isCurrent(seen: Seen): Promise<boolean>
  /**
   * Puts off what becomes of background records that are running, for so many milliseconds; once for each run. Of a
   * relay that is alone, as it starts: they are those of a process that died.
   */
  postponeInterrupted(milliseconds: number): Promise<void>
  /** The lines in which something is to be run in the background, in the order in which they have waited. */
  lines(): Promise<OwnedLine[]>
  /** Unsettled direct requests of this relay. */
  claimsOf(relay: string): Promise<RecordSummary[]>
  /** Unsettled direct requests of relays that have not been seen since this many milliseconds. */
  orphans(silence: number): Promise<RecordSummary[]>
  /** Unsettled records: of an owner, perhaps only those in queues of exactly this name; or of a key, of whomever. */
  countUnsettled(of: { owner: string; queueName?: string } | { keyName: string }): Promise<number>
  /** The owner's records, the newest first, from `before` on backwards; and whether there are more of them. */
  history(owner: string, filter: RecordFilter): Promise<{ records: ToldRecord[]; hasMore: boolean }>
  /** The newest uses of a key, by whomever, with nothing of what was sent and answered. */
  usesOf(keyName: string, limit: number): Promise<RecordOfUse[]>
  /** Whether this record, whosever it was, was removed before its time because there was no room for it. */
  hasMadeRoom(id: string): boolean
  /** Removes a batch of what has expired; the queues in which it stood, and whether there may be more. */
  removeExpired(): Promise<{ lines: string[]; isFull: boolean }>
}

/** How many unsettled records there may be, of the owner and of the key; and what is thrown where it is one more. */
export interface MostUnsettled {
  ofOwner: number
  ofKey: number | undefined
  tooMany: (of: 'owner' | 'key') => Error
}

/** What is told of a request to those who look after its key. */
export interface RecordOfUse {
  id: string
  owner: string
  status: RecordStatus
  method: string
  host: string | null
  upstreamStatus: number | null
  error: WireError | null
  createdAt: number
  updatedAt: number
}

export interface RecordFilter {
  url?: string | undefined
  method?: string | undefined
  queue?: string | undefined
  status?: string | undefined
  /** Only those that arrived before the one with this seq. */
  before?: number | undefined
  limit: number
  /** Without responses. Default: false. */
  isCompact?: boolean | undefined
}

/** Bytes of requests and responses in one page of the history, after which no further record is added. */
const maxPageBytes = 4_000_000

/** Records that are removed in one statement, so that it is over before anybody waits for it. */
const removedAtOnce = 1_000

interface UseRow extends Pick<HeadRow, 'id' | 'owner' | 'status' | 'error' | 'created_at' | 'updated_at'> {
  method: string
  host: string | null
  upstream_status: number | null
}

/** Every SQL statement about records. */
export function createRecords(database: Database): Records {
  // What has expired or paused is judged by the one clock that all relays have in common, because theirs may differ.
  // As a SELECT of its own it is asked once, so that Postgres can look for it in an index.
  const now = `(SELECT ${database.dialect.now})`

  async function insert(
    newRecord: NewRecord,
    addJob: (record: OwnedLine, transaction: Transaction) => Promise<void>,
    most?: MostUnsettled,
  ): ReturnType<Records['insert']> {
    const draft = draftOf(newRecord, 'pending')
    // Numbers are given when a statement runs, and seen when it is committed. The lock
    // keeps others of this queue away in between, so that none comes up before one that was seen.
    const written = await database.transaction(draft.queueName === null ? [] : [draft.line], async (transaction) => {
      const [isNew = false] = await write([draft], transaction)
      if (isNew) await addJob(draft, transaction)
      const found = await findByKey(draft, transaction)
      // Last, because all others of this owner wait from here on.
      if (isNew && most) await checkUnsettled(draft, most, transaction)
      return { isNew, found }
    })
    return written.isNew || isValid(written.found)
      ? answerOf(draft, written.found!, written.isNew)
      : again(draft, () => insert(newRecord, addJob, most))
  }

  /** Counts, this one included. Whoever writes another one of the owner or of the key waits until this one is seen. */
  async function checkUnsettled(
    { owner, request: { clientSecretName } }: Draft,
    { ofOwner, ofKey, tooMany }: MostUnsettled,
    transaction: Transaction,
  ): Promise<void> {
    const ofThisKey = ofKey === undefined ? [] : [`unsettled of the key ${clientSecretName}`]
    await transaction.lock([`unsettled of the caller ${owner}`, ...ofThisKey])
    if ((await countUnsettled({ owner }, transaction)) > ofOwner) throw tooMany('owner')
    if (ofKey === undefined) return
    if ((await countUnsettled({ keyName: clientSecretName }, transaction)) > ofKey) throw tooMany('key')
  }

  async function countUnsettled(of: Parameters<Records['countUnsettled']>[0], connection: Connection): Promise<number> {
    const named = Object.entries({
      owner: 'owner' in of ? of.owner : undefined,
      queue_name: 'owner' in of ? of.queueName : undefined,
      key_name: 'keyName' in of ? of.keyName : undefined,
    }).filter((entry): entry is [string, string] => entry[1] !== undefined)
    const [row] = await connection.query<{ count: number }>(
      `SELECT count(*) AS count FROM records WHERE ${isUnsettled} ${named.map(([column], index) => `AND ${column} = $${index + 1}`).join(' ')}`,
      named.map(([, value]) => value),
    )
    return Number(row?.count ?? 0)
  }

  async function claim(draft: Draft): ReturnType<Records['claim']> {
    if (await writeClaim(draft)) return { record: draft, isNew: true, isSameRequest: true }
    const found = await findByKey(draft, database)
    return isValid(found) ? answerOf(draft, found, false) : again(draft, () => claim(draft))
  }

  /** Of each: true when it was written, false when its owner has used its idempotency key before. */
  async function write(drafts: readonly Draft[], connection: Connection): Promise<boolean[]> {
    const parameters: Value[] = []
    const rows = drafts.map(
      (draft) =>
        `(${rowOf(draft)
          .map((value) => `$${parameters.push(value)}`)
          .join(', ')})`,
    )
    const made = await connection.query<{ id: string }>(
      `INSERT INTO records (${insertedColumns}) VALUES ${rows.join(', ')} ON CONFLICT (owner, idempotency_key) DO NOTHING RETURNING id`,
      parameters,
    )
    const ids = new Set(made.map(({ id }) => id))
    return drafts.map(({ id }) => ids.has(id))
  }

  const writeClaim = batched((drafts: Draft[]) => write(drafts, database), requestSize)

  async function findByKey({ owner, idempotencyKey }: Draft, connection: Connection): Promise<Found | null> {
    // Without the answer: whoever wants it has room for it first.
    const [row] = await connection.query<Row & { fingerprint: string }>(
      `SELECT ${headColumns}, request, NULL AS response, ${place}, fingerprint FROM records WHERE owner = $1 AND idempotency_key = $2`,
      [owner, hash(idempotencyKey)],
    )
    return row ? { record: stored(row), fingerprint: row.fingerprint } : null
  }

  /** The time of the one before is over, removed or not yet: its key is free again. */
  async function again<Result>({ owner, idempotencyKey }: Draft, attempt: () => Promise<Result>): Promise<Result> {
    await database.query('DELETE FROM records WHERE owner = $1 AND idempotency_key = $2 AND expires_at <= $3', [
      owner,
      hash(idempotencyKey),
      Date.now(),
    ])
    return attempt()
  }

  const writeSettled = batched(
    (drafts: Draft[]) => write(drafts, database),
    (draft) => requestSize(draft) + (draft.response?.body.length ?? 0),
  )

  const settle = batched(
    async (ended: Ended[]) => {
      const parameters: Value[] = [Date.now()]
      const values = ended.map(
        ({ id, version, status, response, error, upstreamStatus }) =>
          `($${parameters.push(id)}, CAST($${parameters.push(version)} AS BIGINT), $${parameters.push(status)}, $${parameters.push(response)}, $${parameters.push(error)}, CAST($${parameters.push(upstreamStatus)} AS BIGINT))`,
      )
      const rows = await database.query<{ id: string }>(
        `WITH ended (id, version, status, response, error, upstream_status) AS (VALUES ${values.join(', ')})
         UPDATE records SET status = ended.status, version = records.version + 1, response = ended.response, error = ended.error, upstream_status = ended.upstream_status, updated_at = $1
         FROM ended WHERE records.id = ended.id AND records.version = ended.version AND records.status = 'running' RETURNING records.id`,
        parameters,
      )
      const settled = new Set(rows.map(({ id }) => id))
      return ended.map(({ id }) => settled.has(id))
    },
    ({ response }) => response?.length ?? 0,
  )

  const records: Records = {
    insert,
    draft: (newRecord) => draftOf(newRecord, 'running'),
    claim,
    async insertSettled(draft) {
      await writeSettled(draft)
    },

    async withdraw(ids) {
      await database.query(
        `DELETE FROM records WHERE id IN (${list(ids, 0)}) AND version = 1 AND status = 'running'`,
        ids,
      )
    },

    async isKnown(owner, idempotencyKey) {
      const rows = await database.query('SELECT id FROM records WHERE owner = $1 AND idempotency_key = $2', [
        owner,
        hash(idempotencyKey),
      ])
      return rows.length > 0
    },

    async summaries(owner, ids) {
      if (ids.length === 0) return []
      const rows = await database.query<HeadRow>(
        `SELECT ${headColumns}, ${place} FROM records WHERE owner = $1 AND id IN (${list(ids, 1)})`,
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

    async next(line) {
      const [row] = await database.query<HeadRow & { pause: number }>(
        `SELECT ${headColumns}, not_before - ${now} AS pause FROM records WHERE line = $1 AND ${isUnsettled} AND expires_at > ${now} ORDER BY seq LIMIT 1`,
        [line],
      )
      // Whoever asks waits by the clock of this relay.
      return row ? { ...head(row), notBefore: Date.now() + Number(row.pause) } : null
    },

    async notEmpty(lines, connection) {
      const rows = await connection.query<{ line: string }>(
        `SELECT DISTINCT line FROM records WHERE line IN (${list(lines, 0)}) AND ${isUnsettled} AND expires_at > ${now}`,
        lines,
      )
      return rows.map(({ line }) => line)
    },

    async take(lines, deadline = Number.MAX_SAFE_INTEGER, takenAt = Date.now()) {
      const rows = await database.query<Row>(
        `WITH asked (line) AS (VALUES ${lines.map((_, index) => `($${index + 3})`).join(', ')})
         UPDATE records SET status = 'running', version = version + 1, updated_at = $1, attempted_at = coalesce(attempted_at, $1)
         WHERE id IN (
           SELECT (SELECT id FROM records WHERE line = asked.line AND ${isUnsettled} AND expires_at > ${now} ORDER BY seq LIMIT 1) FROM asked
         ) AND status = 'pending' AND not_before <= ${now} AND ${database.dialect.now} < $2 RETURNING ${columns}`,
        [takenAt, deadline, ...lines],
      )
      return readable(rows)
    },

    async restart({ id, version }, relay) {
      const [row] = await database.query<Row>(
        `UPDATE records SET status = 'running', version = version + 1, updated_at = $3, error = NULL, relay = $4
         WHERE id = $1 AND version = $2 AND status = 'failed' AND expires_at > $3 RETURNING ${columns}`,
        [id, version, Date.now(), relay],
      )
      return row ? stored(row) : null
    },

    settle: (seen, outcome) => settle({ ...seen, ...written(outcome) }),

    async correct({ id, version }, outcome) {
      const { status, response, error, upstreamStatus } = written(outcome)
      const rows = await database.query(
        `UPDATE records SET status = $3, version = version + 1, response = $4, error = $5, upstream_status = CAST($6 AS BIGINT), updated_at = $7
         WHERE id = $1 AND version = CAST($2 AS BIGINT) + 1 AND status = 'failed' AND relay IS NOT NULL AND error LIKE '{"code":"INTERRUPTED"%' RETURNING id`,
        [id, version, status, response, error, upstreamStatus, Date.now()],
      )
      return rows.length > 0
    },

    async isCurrent({ id, version }) {
      const rows = await database.query(`SELECT id FROM records WHERE id = $1 AND version = $2 AND ${isUnsettled}`, [
        id,
        version,
      ])
      return rows.length > 0
    },

    async find(owner, idOrKey) {
      const [row] = await database.query<HeadRow>(
        `SELECT ${headColumns}, ${place} FROM records WHERE owner = $1 AND (id = $2 OR idempotency_key = $3)`,
        [owner, idOrKey, hash(idOrKey)],
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

    async requeue({ id, version }, notBefore = Date.now()) {
      const rows = await database.query(
        `UPDATE records SET status = 'pending', version = version + 1, not_before = ${now} + CAST($3 AS BIGINT), updated_at = $4 WHERE id = $1 AND version = $2 AND status = 'running' RETURNING id`,
        // Told by the clock of this relay, and written by that of the database.
        [id, version, notBefore - Date.now(), Date.now()],
      )
      return rows.length > 0
    },

    async postponeInterrupted(milliseconds) {
      // What runs was not to be run later; so what is, was put off when an earlier process started, which died too.
      await database.query(
        `UPDATE records SET not_before = ${now} + CAST($1 AS BIGINT)
         WHERE ${isUnsettled} AND status = 'running' AND relay IS NULL AND not_before <= updated_at`,
        [milliseconds],
      )
    },

    async lines() {
      const rows = await database.query<OwnedLine>(
        `SELECT line, min(owner) AS owner FROM records WHERE ${isUnsettled} AND relay IS NULL GROUP BY line ORDER BY min(seq)`,
      )
      return rows
    },

    async claimsOf(relay) {
      const rows = await database.query<HeadRow>(
        `SELECT ${headColumns} FROM records WHERE ${isUnsettled} AND relay = $1`,
        [relay],
      )
      return rows.map(head)
    },

    async orphans(silence) {
      const rows = await database.query<HeadRow>(
        `SELECT ${headColumns} FROM records WHERE ${isUnsettled} AND relay IS NOT NULL
         AND relay NOT IN (SELECT id FROM relays WHERE seen_at > ${database.dialect.now} - $1)`,
        [silence],
      )
      return rows.map(head)
    },

    countUnsettled: (of) => countUnsettled(of, database),

    async history(owner, { limit, before, isCompact, url, method, queue, status }) {
      const parameters: Value[] = [owner, Date.now(), limit, limit + 1, maxPageBytes]
      const conditions = Object.entries({
        'url_hash =': url === undefined ? undefined : hash(url),
        'queue_hash =': queue === undefined ? undefined : hash(queue),
        'status =': status,
        'seq <': before,
      })
        .filter((entry): entry is [string, string | number] => entry[1] !== undefined)
        .map(([comparison, value]) => `AND ${comparison} $${parameters.push(value)}`)
        .join(' ')
      const bytes = isCompact ? 'octet_length(request)' : 'octet_length(request) + coalesce(octet_length(response), 0)'
      const newest = (ofMethod = '') =>
        `SELECT id, seq, ${bytes} AS bytes FROM records WHERE owner = $1 AND expires_at > $2 ${conditions} ${ofMethod} ORDER BY seq DESC LIMIT $4`
      const ofMethod = (one: string) => `AND method = $${parameters.push(one)}`
      const all =
        method !== undefined
          ? newest(ofMethod(method))
          : url === undefined
            ? newest()
            : // One page of each, because there is an index of both together and none of the url alone.
              methods.map((one) => `SELECT * FROM (${newest(ofMethod(one))}) AS of_${one}`).join(' UNION ALL ')
      // What is large is read of those alone that are sent. In one statement, because a
      // record may settle between two of them.
      const rows = await database.query<Row & { found: number }>(
        `WITH found AS (SELECT id, seq, bytes FROM (${all}) AS newest ORDER BY seq DESC LIMIT $4),
         summed AS (SELECT id, row_number() OVER down AS number, sum(bytes) OVER down - bytes AS bytes_above
           FROM found WINDOW down AS (ORDER BY seq DESC))
         SELECT ${headColumns}, request, ${isCompact ? 'NULL AS response' : 'response'}, ${place}, (SELECT count(*) FROM found) AS found
         FROM records WHERE id IN (SELECT id FROM summed WHERE number <= $3 AND bytes_above < $5) ORDER BY seq DESC`,
        parameters,
      )
      return { records: rows.map(told), hasMore: Number(rows[0]?.found ?? 0) > rows.length }
    },

    async usesOf(keyName, limit) {
      const rows = await database.query<UseRow>(
        `SELECT id, owner, status, method, host, upstream_status, error, created_at, updated_at FROM records
         WHERE key_name = $1 AND expires_at > $2 ORDER BY seq DESC LIMIT $3`,
        [keyName, Date.now(), limit],
      )
      return rows.map(({ id, owner, status, method, host, upstream_status, error, created_at, updated_at }) => ({
        id,
        owner,
        status,
        method,
        host,
        upstreamStatus: upstream_status === null ? null : Number(upstream_status),
        error: error === null ? null : errorOf(error),
        createdAt: Number(created_at),
        updatedAt: Number(updated_at),
      }))
    },

    hasMadeRoom: () => false,

    async removeExpired() {
      const rows = await database.query<{ line: string }>(
        `DELETE FROM records WHERE id IN (SELECT id FROM records WHERE expires_at <= ${now} LIMIT ${removedAtOnce} ${database.dialect.skipLocked}) RETURNING line`,
      )
      return {
        lines: [...new Set(rows.map(({ line }) => line))],
        isFull: rows.length === removedAtOnce,
      }
    },
  }
  return records
}

function requestSize({ request }: Draft): number {
  return jsonText(request).length
}

interface Found {
  record: StoredRecord
  fingerprint: string
}

function isValid(found: Found | null): found is Found {
  return found !== null && found.record.expiresAt > Date.now()
}

function answerOf(draft: Draft, { record, fingerprint }: Found, isNew: boolean) {
  return { record, isNew, isSameRequest: fingerprint === hash(jsonText(draft.request)) }
}

/** Parameters for a list of values, behind so many others. */
function list(values: readonly unknown[], others: number): string {
  return values.map((_, index) => `$${index + others + 1}`).join(', ')
}
