import type { RecordStatus, WireError } from '../../protocol/record.ts'
import { methods } from '../../protocol/request.ts'
import type { Database, Value } from './database.ts'
import {
  columns,
  errorOf,
  ownedRecordOf,
  parameterList,
  place,
  recordOf,
  summaryColumns,
  summaryOf,
  type Row,
  type SummaryRow,
} from './record-columns.ts'
import type { SharedQueuePlaces } from './shared-queue-places.ts'
import { hash, type OwnedRecord, type RecordSummary, type StoredRecord } from './stored-record.ts'

export interface RecordReads {
  /** The owner's records among these ids. */
  summaries(owner: string, ids: readonly string[]): Promise<RecordSummary[]>
  /** A record of the owner. Throws UnreadableRecordError if its JSON is damaged. */
  read(owner: string, id: string): Promise<StoredRecord | null>
  /** The owner's record with this id or idempotency key. */
  find(owner: string, idOrKey: string): Promise<RecordSummary | null>
  /** A page of the owner's records, the newest first. */
  history(owner: string, filter: RecordFilter): Promise<RecordPage>
  /** The newest uses of a key, of all owners, without requests and responses. */
  usesOf(keyName: string, limit: number): Promise<RecordOfUse[]>
  /** The requests of a key in the last hour and day, among its newest ones. */
  countsOf(keyName: string): Promise<CountsOfKey>
}

interface Counts {
  calls: number
  failed: number
  waiting: number
}

export interface CountsOfKey {
  hour: Counts
  day: Counts
  /** True if there may be more requests. */
  isCut: boolean
}

/** Requests of a key that one statement counts. */
const maxCounted = 10_000
const hour = 3_600_000

export interface RecordFilter {
  idempotencyKey?: string | undefined
  url?: string | undefined
  method?: string | undefined
  queue?: string | undefined
  status?: string | undefined
  /** Only records that arrived before the one with this seq. */
  before?: number | undefined
  limit: number
  /** Without responses. Default: false. */
  isCompact?: boolean | undefined
}

interface RecordPage {
  records: OwnedRecord[]
  hasMore: boolean
}

/** A request, as an administrator of its key sees it. */
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

/** Bytes of requests and responses after which a page of the history ends. */
const maxPageBytes = 4_000_000

export function createRecordReads(database: Database, places: SharedQueuePlaces): RecordReads {
  return {
    async summaries(owner, ids) {
      if (ids.length === 0) return []
      const rows = await database.query<SummaryRow>(
        `SELECT ${summaryColumns}, ${place} FROM records WHERE owner = $1 AND id IN (${parameterList(ids, 1)})`,
        [owner, ...ids],
      )
      return (await places.placed(rows)).map(summaryOf)
    },

    async read(owner, id) {
      const [row] = await database.query<Row>(`SELECT ${columns}, ${place} FROM records WHERE owner = $1 AND id = $2`, [
        owner,
        id,
      ])
      return row ? recordOf((await places.placed([row]))[0]!) : null
    },

    async find(owner, idOrKey) {
      const [row] = await database.query<SummaryRow>(
        `SELECT ${summaryColumns}, ${place} FROM records WHERE owner = $1 AND (id = $2 OR idempotency_key = $3)`,
        [owner, idOrKey, hash(idOrKey)],
      )
      return row ? summaryOf((await places.placed([row]))[0]!) : null
    },

    countsOf: (keyName) => countsOf(database, keyName),

    history: (owner, filter) => readHistory(database, places, owner, filter),

    async usesOf(keyName, limit) {
      const rows = await database.query<Omit<RecordOfUse, 'error'> & { error: string | null }>(
        `SELECT id, owner, status, method, host, upstream_status AS "upstreamStatus", error, created_at AS "createdAt",
           updated_at AS "updatedAt" FROM records
         WHERE key_name = $1 AND expires_at > $2 ORDER BY seq DESC LIMIT $3`,
        [keyName, database.now(), limit],
      )
      return rows.map(({ error, ...row }) => ({ ...row, error: error === null ? null : errorOf(error) }))
    },
  }
}

async function countsOf(database: Database, keyName: string): Promise<CountsOfKey> {
  const now = database.now()
  // The newest ones first: a condition on the time would read all that are older, too.
  const rows = await database.query<{ status: RecordStatus; hour: number; day: number }>(
    `SELECT status, count(CASE WHEN created_at > CAST($2 AS BIGINT) THEN 1 END) AS hour, count(*) AS day FROM
       (SELECT status, created_at FROM records WHERE key_name = $1 AND expires_at > $4 ORDER BY seq DESC LIMIT ${maxCounted}) AS newest
     WHERE created_at > CAST($3 AS BIGINT) GROUP BY status`,
    [keyName, now - hour, now - 24 * hour, now],
  )
  const of = (span: 'hour' | 'day'): Counts => {
    const number = (status: RecordStatus) => rows.find((row) => row.status === status)?.[span] ?? 0
    const calls = rows.reduce((sum, row) => sum + row[span], 0)
    return { calls, failed: number('failed'), waiting: number('pending') }
  }
  const day = of('day')
  return { hour: of('hour'), day, isCut: day.calls === maxCounted }
}

async function readHistory(
  database: Database,
  places: SharedQueuePlaces,
  owner: string,
  { limit, before, isCompact, idempotencyKey, url, method, queue, status }: RecordFilter,
): Promise<RecordPage> {
  const parameters: Value[] = [owner, database.now(), limit, limit + 1, maxPageBytes]
  const conditions = Object.entries({
    'idempotency_key =': idempotencyKey === undefined ? undefined : hash(idempotencyKey),
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
        : // One page for each method, because the index has url and method together.
          methods.map((one) => `SELECT * FROM (${newest(ofMethod(one))}) AS of_${one}`).join(' UNION ALL ')
  // The large columns are read only of records in the page. In one statement, because a record may settle between two.
  const rows = await database.query<Row & { found: number }>(
    `WITH found AS (SELECT id, seq, bytes FROM (${all}) AS newest ORDER BY seq DESC LIMIT $4),
     summed AS (SELECT id, row_number() OVER down AS number, sum(bytes) OVER down - bytes AS bytes_above
       FROM found WINDOW down AS (ORDER BY seq DESC))
     SELECT ${summaryColumns}, request, ${isCompact ? 'NULL AS response' : 'response'}, ${place}, (SELECT count(*) FROM found) AS found
     FROM records WHERE id IN (SELECT id FROM summed WHERE number <= $3 AND bytes_above < $5) ORDER BY seq DESC`,
    parameters,
  )
  return { records: (await places.placed(rows)).map(ownedRecordOf), hasMore: (rows[0]?.found ?? 0) > rows.length }
}
