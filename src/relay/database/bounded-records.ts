import { ClientSecretError } from '../../protocol/errors.ts'
import { isVisitor } from '../common/caller.ts'
import type { Logger } from '../common/logger.ts'
import { boundPieces } from './bounded-pieces.ts'
import type { Database } from './database.ts'
import { isUnsettled } from './record-columns.ts'
import type { Records } from './records.ts'
import type { StreamPieces } from './stream-pieces.ts'

/** Small, because each record may hold a large answer. */
const removedAtOnce = 8
/** Ids of removed records, kept so that the relay can explain the removal to a caller. */
const maxRemembered = 10_000

/**
 * Keeps the records of a database in memory, and their kept streams, within `bytesInMemory`. The oldest settled records
 * expire early to make room. If the unsettled ones alone fill it, the relay refuses new requests of visitors; signed-in
 * users have a quarter more. Streams that find no room fail.
 */
export async function boundRecords(
  { records, pieces }: { records: Records; pieces: StreamPieces },
  database: Pick<Database, 'query'>,
  { bytesInMemory, logger }: { bytesInMemory: number; logger: Logger },
): Promise<{ records: Records; pieces: StreamPieces }> {
  await database.query(`CREATE INDEX records_settled ON records (updated_at) WHERE NOT ${isUnsettled}`)
  const removed = new Set<string>()
  let hasWarned = false

  /** Bytes that SQLite uses. */
  async function size(): Promise<number> {
    const [found] = await database.query<{ size: number }>(
      'SELECT (page_count - freelist_count) * page_size AS size FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    )
    return found!.size
  }

  /** False if the unsettled records leave no room for so many bytes. */
  async function makeRoom(bytes = 0): Promise<boolean> {
    while ((await size()) + bytes > bytesInMemory) {
      const rows = await database.query<{ id: string }>(
        `DELETE FROM records WHERE id IN (SELECT id FROM records INDEXED BY records_settled WHERE NOT ${isUnsettled} ORDER BY updated_at LIMIT ${removedAtOnce}) RETURNING id`,
      )
      if (rows.length === 0) return false
      for (const { id } of rows) removed.add(id)
      for (const id of removed) {
        if (removed.size <= maxRemembered) break
        removed.delete(id)
      }
      if (hasWarned) continue
      hasWarned = true
      logger.warn(
        { bytesInMemory },
        'the database in memory is full (limits.bytesInMemory), so the relay removes the oldest settled records early; to keep them, give the option database a file',
      )
    }
    return true
  }

  const bounded = boundPieces(pieces, database, bytesInMemory, makeRoom)

  async function checkRoom(owner: string): Promise<void> {
    const most = isVisitor(owner) ? bytesInMemory : bytesInMemory * 1.25
    if ((await size()) <= most) return
    throw new ClientSecretError(
      'QUEUE_FULL',
      "The relay's database in memory is full of unsettled requests (limits.bytesInMemory). Wait until some of them have settled.",
      { retryAfter: 1 },
    )
  }

  /** Makes room after a write. */
  async function roomAfter<Result>(writing: Promise<Result>): Promise<Result> {
    const result = await writing
    await makeRoom()
    return result
  }

  return {
    pieces: bounded.pieces,
    records: {
      ...records,
      async insert(record, addJob, most) {
        await checkRoom(record.owner)
        return roomAfter(records.insert(record, addJob, most))
      },
      async claim(draft) {
        await checkRoom(draft.owner)
        return roomAfter(records.claim(draft))
      },
      insertSettled: (draft) => roomAfter(records.insertSettled(draft)),
      async settle(seen, outcome) {
        const isSettled = await roomAfter(records.settle(seen, outcome))
        bounded.ended(seen.id)
        return isSettled
      },
      hasMadeRoom: (id) => removed.has(id),
    },
  }
}
