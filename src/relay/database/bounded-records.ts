import { ClientSecretError } from '../../protocol/errors.ts'
import { isVisitor } from '../common/caller.ts'
import type { Logger } from '../common/logger.ts'
import type { Database } from './database.ts'
import { isUnsettled } from './record-rows.ts'
import type { Records } from './records.ts'

/** Records that are removed at a time; each may be as large as an answer. */
const removedAtOnce = 8
/** Ids of removed records that are remembered, to say of them what has become of them. */
const mostRemembered = 10_000

/**
 * Records of a database in memory, which are to stay within so many bytes: the
 * oldest that have settled make room, as if their time were over. What has not
 * settled stays. Where that alone is too much, no more is taken in: of visitors
 * first, so that there is a quarter more for whoever is signed in.
 */
export async function boundRecords(
  records: Records,
  database: Pick<Database, 'query'>,
  { bytesInMemory, logger }: { bytesInMemory: number; logger: Logger },
): Promise<Records> {
  await database.query(`CREATE INDEX records_settled ON records (updated_at) WHERE NOT ${isUnsettled}`)
  const removed = new Set<string>()
  let hasWarned = false

  /** What SQLite has taken from the system and not given free again. */
  async function size(): Promise<number> {
    const [found] = await database.query<{ size: number }>(
      'SELECT (page_count - freelist_count) * page_size AS size FROM pragma_page_count, pragma_freelist_count, pragma_page_size',
    )
    return found!.size
  }

  async function makeRoom(): Promise<void> {
    while ((await size()) > bytesInMemory) {
      const rows = await database.query<{ id: string }>(
        `DELETE FROM records WHERE id IN (SELECT id FROM records INDEXED BY records_settled WHERE NOT ${isUnsettled} ORDER BY updated_at LIMIT ${removedAtOnce}) RETURNING id`,
      )
      if (rows.length === 0) return
      for (const { id } of rows) removed.add(id)
      for (const id of removed) {
        if (removed.size <= mostRemembered) break
        removed.delete(id)
      }
      if (hasWarned) continue
      hasWarned = true
      logger.warn(
        { bytesInMemory },
        'the database in memory is full (limits.bytesInMemory): the oldest records that have settled are removed before their time; a file (the option database) keeps them',
      )
    }
  }

  async function checkRoom(owner: string): Promise<void> {
    const most = isVisitor(owner) ? bytesInMemory : bytesInMemory * 1.25
    if ((await size()) <= most) return
    throw new ClientSecretError(
      'QUEUE_FULL',
      "The relay's database in memory is full of requests that have not settled (limits.bytesInMemory). Wait for some of them to settle.",
      { retryAfter: 1 },
    )
  }

  /** Writes, and makes room again for what was written. */
  async function roomAfter<Result>(writing: Promise<Result>): Promise<Result> {
    const result = await writing
    await makeRoom()
    return result
  }

  return {
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
    settle: (seen, outcome) => roomAfter(records.settle(seen, outcome)),
    hasMadeRoom: (id) => removed.has(id),
  }
}
