import { batched } from './batched.ts'
import type { Database, Value } from './database.ts'
import { sharedNow } from './record-columns.ts'

/** Counts that all relays share, by the clock of the database. */
export interface LimitCounts {
  /**
   * Adds to a count, and gives it with all additions so far. One that has ended begins again at zero. An addition of zero
   * only reads; it comes after the others of the same moment.
   */
  add(addition: Addition): Promise<Counted>
  /** Removes the counts that have ended. */
  removeOld(): Promise<void>
}

export interface Addition {
  name: string
  points: number
  /** Milliseconds from the first addition to the end of the count. */
  duration: number
}

export interface Counted {
  count: number
  /** Milliseconds until the count ends. */
  left: number
}

interface Row {
  name: string
  count: number
  time_left: number
}

/** Names after which the counts that have ended are removed. */
const maxNames = 10_000

/** Counts of this process alone. */
export function createLocalCounts(): Pick<LimitCounts, 'add'> {
  const counts = new Map<string, { count: number; endsAt: number }>()
  return {
    async add({ name, points, duration }) {
      const now = performance.now()
      if (counts.size > maxNames) for (const [old, { endsAt }] of counts) if (endsAt <= now) counts.delete(old)
      const known = counts.get(name)
      const one = known && known.endsAt > now ? known : { count: 0, endsAt: now + duration }
      one.count += points
      if (points !== 0) counts.set(name, one)
      return { count: one.count, left: one.endsAt - now }
    },
  }
}

export function createLimitCounts(database: Pick<Database, 'query' | 'dialect'>): LimitCounts {
  const now = sharedNow(database)

  async function rowsOf(additions: readonly Addition[], statement: string, parameters: Value[]): Promise<Row[]> {
    return additions.length === 0 ? [] : database.query<Row>(statement, parameters)
  }

  /** One statement counts and takes for all who ask at once, so that no other relay comes between. */
  async function addAll(additions: readonly Addition[]): Promise<Counted[]> {
    const sums = new Map<string, Addition>()
    for (const { name, points, duration } of additions)
      sums.set(name, { name, points: points + (sums.get(name)?.points ?? 0), duration })
    const changes = [...sums.values()].filter(({ points }) => points !== 0)
    const unchanged = [...sums.values()].filter(({ points }) => points === 0)
    // In order, because two relays that lock the same rows in another order wait for each other forever.
    const sorted = changes.sort((one, other) => (one.name < other.name ? -1 : 1))
    const parameters: Value[] = []
    const values = sorted.map(({ name, points, duration }) => {
      const [first, second, third] = [parameters.push(name), parameters.push(points), parameters.push(duration)]
      return `($${first}, CAST($${second} AS BIGINT), ${now} + CAST($${third} AS BIGINT))`
    })
    const written = await rowsOf(
      sorted,
      `INSERT INTO limit_counts (name, count, ends_at) VALUES ${values.join(', ')}
       ON CONFLICT (name) DO UPDATE SET
         count = CASE WHEN limit_counts.ends_at <= ${now} THEN 0 ELSE limit_counts.count END + excluded.count,
         ends_at = CASE WHEN limit_counts.ends_at <= ${now} THEN excluded.ends_at ELSE limit_counts.ends_at END
       RETURNING name, count, ends_at - ${now} AS time_left`,
      parameters,
    )
    const read = await rowsOf(
      unchanged,
      `SELECT name, count, ends_at - ${now} AS time_left FROM limit_counts
       WHERE name IN (${unchanged.map((_, index) => `$${index + 1}`).join(', ')}) AND ends_at > ${now}`,
      unchanged.map(({ name }) => name),
    )
    /** The count before the additions that remain, by name. */
    const before = new Map<string, Counted>()
    for (const { name, count, time_left } of [...written, ...read])
      before.set(name, { count: count - sums.get(name)!.points, left: time_left })
    return additions.map(({ name, points }) => {
      const one = before.get(name) ?? { count: 0, left: 0 }
      one.count += points
      return { ...one }
    })
  }

  return {
    add: batched(addAll),
    async removeOld() {
      await database.query(`DELETE FROM limit_counts WHERE ends_at <= ${now}`)
    },
  }
}
