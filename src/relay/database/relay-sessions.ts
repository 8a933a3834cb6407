import type { Database, Dialect } from './database.ts'

/** The ids of the relays with a heartbeat in the last milliseconds that this parameter gives, in SQL. */
export function livingRelays({ now }: Dialect, silence: string): string {
  return `SELECT id FROM relays WHERE seen_at > ${now} - ${silence}`
}

/**
 * The sessions of the relays on one Postgres. Each relay holds a shared lock on the connection that listens for
 * notifications. The operating system closes the connections of a process that ends, so its lock goes at once; that of a
 * process that is busy or frozen stays.
 */

/** Holds the session of a relay until its connection ends. Shared, as an older connection may still seem to be open. */
export function holdSession(relay: string): string {
  return `SELECT pg_advisory_lock_shared(${lockOf(`'${relay}'`)})`
}

/** The relays with a heartbeat and without a session. */
export async function relaysWithoutSession(database: Database): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `SELECT id FROM relays WHERE ${lockOf('id')} NOT IN (
       SELECT (CAST(classid AS BIGINT) << 32) | CAST(objid AS BIGINT) FROM pg_locks
       WHERE locktype = 'advisory' AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     )`,
  )
  return rows.map(({ id }) => id)
}

/** The number of the lock of a relay, in SQL. */
function lockOf(relay: string): string {
  return `hashtextextended('relay ' || ${relay}, 0)`
}
