import type { Database } from '../../database/database.ts'
import { relaysWithoutSession } from '../../database/relay-sessions.ts'

/** Milliseconds between two looks at the sessions of the other relays. */
export const lookEvery = 200
/** Looks in a row that find no session. On a busy machine they take longer, and so does a relay that opens a new session. */
const maxMisses = 22
/**
 * Milliseconds without a heartbeat before which a relay without a session is not taken for dead. A relay that lives opens
 * a new session at once after a cut from the database, so it survives a cut of 4 seconds (bench:takeover).
 * `maxStartDelay` and `holdsFor` in right-to-call.ts are together below it.
 */
const sessionTimeout = 4_300

/** Finds relays whose process has ended, well before `heartbeatTimeout`. */
export interface EndedRelays {
  /** Forgets the relays that have ended, and gives their number. */
  forget(): Promise<number>
}

export function createEndedRelays(database: Database): EndedRelays {
  /** Looks in a row that found a relay without a session. */
  let misses = new Map<string, number>()

  return {
    async forget() {
      const before = misses
      // If the look fails, it counts for none: the others may be cut off as well.
      misses = new Map()
      const without = await relaysWithoutSession(database)
      misses = new Map(without.map((relay) => [relay, (before.get(relay) ?? 0) + 1]))
      let count = 0
      for (const [relay, missed] of misses) {
        if (missed < maxMisses) continue
        const forgotten = await database.query(
          `DELETE FROM relays WHERE id = $1 AND seen_at <= ${database.dialect.now} - $2 RETURNING id`,
          [relay, sessionTimeout],
        )
        count += forgotten.length
      }
      return count
    },
  }
}
