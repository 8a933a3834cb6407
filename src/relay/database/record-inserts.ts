import { jsonText } from '../common/json-text.ts'
import { isVisitor } from '../common/caller.ts'
import { batched } from './batched.ts'
import type { Connection, Database, Transaction, Value } from './database.ts'
import { createInsertGate, type Refusal } from './insert-gate.ts'
import { checkUnsettled, type MostUnsettled } from './record-limits.ts'
import {
  insertedColumns,
  parameterList,
  place,
  recordOf,
  rowOf,
  sharedNow,
  summaryColumns,
  type Row,
} from './record-columns.ts'
import { QueueFull } from './shared-queue-room.ts'
import type { SharedQueuePlaces } from './shared-queue-places.ts'
import { draftOf, hash, type Draft, type NewRecord, type QueuedRecord, type StoredRecord } from './stored-record.ts'

/** The record that has the idempotency key now, without its response. */
interface Inserted {
  record: StoredRecord
  /** False: an earlier request has used the idempotency key. */
  isNew: boolean
  isSameRequest: boolean
}

export interface RecordInserts {
  /** Writes a record that runs in the background, and its job, in one transaction. */
  insert(
    record: NewRecord,
    addJob: (record: QueuedRecord, transaction: Transaction) => Promise<void>,
    most?: MostUnsettled,
  ): Promise<Inserted>
  /** The record of a direct request that begins to run. It is not written. */
  draft(record: NewRecord): Draft
  /** Writes the record of a direct request before it runs. */
  claim(draft: Draft): Promise<Inserted>
  /** Removes claims whose requests did not run. */
  withdraw(ids: readonly string[]): Promise<void>
  /** Writes a settled record for the first time. An earlier record with the idempotency key stays. */
  insertSettled(draft: Draft): Promise<void>
  /** Whether this owner has used the idempotency key before. */
  isKnown(owner: string, idempotencyKey: string): Promise<boolean>
}

export function createRecordInserts(database: Database, places: SharedQueuePlaces): RecordInserts {
  const now = sharedNow(database)
  const writeClaim = batched((drafts: Draft[]) => write(drafts, database), requestSize)
  const writeSettled = batched(
    (drafts: Draft[]) => write(drafts, database),
    (draft) => requestSize(draft) + (draft.response?.body.length ?? 0),
  )

  const gate = createInsertGate()

  async function insert(
    newRecord: NewRecord,
    addJob: (record: QueuedRecord, transaction: Transaction) => Promise<void>,
    most?: MostUnsettled,
  ): Promise<Inserted> {
    if (!most) return insertNow(newRecord, addJob)
    const { owner, idempotencyKey, isShared, request } = newRecord
    const ofOwner = `caller ${owner}`
    const ofKey = `key ${request.clientSecretName}`
    const ofQueue = (of: QueueFull['of']) => `queue ${request.queue} ${of} ${of === 'caller' ? owner : ''}`
    const noted: Refusal[] = []
    const noting: MostUnsettled = {
      ...most,
      tooMany(of) {
        const error = most.tooMany(of)
        noted.push({ scope: of === 'owner' ? ofOwner : ofKey, error })
        return error
      },
    }
    return gate.pass(
      isShared ? ofQueue('all') : most.ofKey === undefined ? ofOwner : ofKey,
      [ofOwner, ofKey, ofQueue('caller'), ofQueue('all'), ...(isVisitor(owner) ? [ofQueue('visitors')] : [])],
      async (refusalSince) => {
        // A repeat of an accepted request is not one more.
        if (refusalSince && !(await isKnown(owner, idempotencyKey))) throw refusalSince
        return insertNow(newRecord, addJob, noting)
      },
      (error) => (error instanceof QueueFull ? { scope: ofQueue(error.of), error } : noted[0]),
    )
  }

  async function insertNow(
    newRecord: NewRecord,
    addJob: (record: QueuedRecord, transaction: Transaction) => Promise<void>,
    most?: MostUnsettled,
  ): Promise<Inserted> {
    const draft = draftOf(newRecord, 'pending', database.now())
    // A statement draws the number, and only the commit shows it. The lock keeps others out of this queue in
    // between, so that no lower number appears after a higher one was seen.
    const { isNew, found } = await database.transaction(
      draft.queueName === null ? [] : [draft.concurrencyKey],
      async (transaction) => {
        const [isNew = false] = await write([draft], transaction)
        if (isNew) await addJob(draft, transaction)
        const found = await findByKey(draft, transaction, now)
        // Last, because all other inserts of this owner wait from here until the commit.
        if (isNew && most) await checkUnsettled(draft, most, transaction)
        return { isNew, found }
      },
    )
    return isNew || isValid(found)
      ? insertedOf(draft, found!, isNew)
      : afterExpired(draft, () => insertNow(newRecord, addJob, most))
  }

  async function isKnown(owner: string, idempotencyKey: string): Promise<boolean> {
    const rows = await database.query('SELECT id FROM records WHERE owner = $1 AND idempotency_key = $2', [
      owner,
      hash(idempotencyKey),
    ])
    return rows.length > 0
  }

  async function claim(draft: Draft): Promise<Inserted> {
    if (await writeClaim(draft)) return { record: draft, isNew: true, isSameRequest: true }
    const found = await findByKey(draft, database, now)
    return isValid(found) ? insertedOf(draft, found, false) : afterExpired(draft, () => claim(draft))
  }

  async function insertedOf({ request }: Draft, found: FoundRow, isNew: boolean): Promise<Inserted> {
    const [row] = await places.placed([found])
    return { record: recordOf(row!), isNew, isSameRequest: found.fingerprint === hash(jsonText(request)) }
  }

  /** Removes the expired record that still has the idempotency key, and tries again. */
  async function afterExpired<Result>(
    { owner, idempotencyKey }: Draft,
    insert: () => Promise<Result>,
  ): Promise<Result> {
    await database.query(`DELETE FROM records WHERE owner = $1 AND idempotency_key = $2 AND expires_at <= ${now}`, [
      owner,
      hash(idempotencyKey),
    ])
    return insert()
  }

  return {
    insert,
    draft: (newRecord) => draftOf(newRecord, 'running', database.now()),
    claim,
    async insertSettled(draft) {
      await writeSettled(draft)
    },

    async withdraw(ids) {
      await database.query(
        `DELETE FROM records WHERE id IN (${parameterList(ids, 0)}) AND version = 1 AND status = 'running'`,
        ids,
      )
    },

    isKnown,
  }
}

/** For each draft: true if it was written, false if its owner has used its idempotency key before. */
async function write(drafts: readonly Draft[], connection: Connection): Promise<boolean[]> {
  const parameters: Value[] = []
  const rows = drafts.map(
    (draft) =>
      `(${rowOf(draft)
        .map((value) => `$${parameters.push(value)}`)
        .join(', ')})`,
  )
  const written = await connection.query<{ id: string }>(
    `INSERT INTO records (${insertedColumns}) VALUES ${rows.join(', ')} ON CONFLICT (owner, idempotency_key) DO NOTHING RETURNING id`,
    parameters,
  )
  const ids = new Set(written.map(({ id }) => id))
  return drafts.map(({ id }) => ids.has(id))
}

/** `isValid`: 1 if it has not expired. */
type FoundRow = Row & { fingerprint: string; isValid: number }

/** Without the response: it may be large, and its reader makes room for it first. */
async function findByKey(
  { owner, idempotencyKey }: Draft,
  connection: Connection,
  now: string,
): Promise<FoundRow | null> {
  const [row] = await connection.query<FoundRow>(
    `SELECT ${summaryColumns}, request, NULL AS response, ${place}, fingerprint,
       CASE WHEN expires_at > ${now} THEN 1 ELSE 0 END AS "isValid" FROM records WHERE owner = $1 AND idempotency_key = $2`,
    [owner, hash(idempotencyKey)],
  )
  return row ?? null
}

function isValid(found: FoundRow | null): found is FoundRow {
  return found?.isValid === 1
}

function requestSize({ request }: Draft): number {
  return jsonText(request).length
}
