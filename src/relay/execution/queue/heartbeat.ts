import { setTimeout as sleep } from 'node:timers/promises'
import type { Database } from '../../database/database.ts'
import type { Logger } from '../../common/logger.ts'
import { since, thisMoment } from '../../common/clock.ts'
import { createEndedRelays, lookEvery } from './ended-relays.ts'

/** Milliseconds between two heartbeats. */
const beatEvery = 1_000
/**
 * Milliseconds without a heartbeat after which a relay counts as dead, and another relay takes over its requests: one
 * that is frozen, or whose machine vanished. One whose process has ended counts as dead earlier; see ended-relays.ts.
 * pg-boss needs whole seconds, 10 or more.
 */
export const heartbeatTimeout = 10_000
/** Milliseconds after a heartbeat in which the relay may start a request. Ends well before other relays may take over. */
export const maxStartDelay = 2_800

export interface Heartbeat {
  /** Sends a heartbeat if the last one is too old to start a request. */
  ensureSeen(): Promise<void>
  stop(): Promise<void>
}

interface HeartbeatDeps {
  database: Database
  /** Identifies this relay to the others. */
  relay: string
  /** Called after each heartbeat, with its time by the clock of the database. */
  onBeat: (seenAt: number) => Promise<void>
  /** Takes over the requests of dead relays. */
  takeOver: () => Promise<void>
  /** True when there can be no other relay, as on a SQLite file, which is locked. */
  isAlone: boolean
  logger: Logger
}

/**
 * Shows the other relays that this one is alive, and takes over the requests of dead
 * relays. A relay does so only after its own heartbeats arrived without a gap: an
 * outage of the database silences all relays.
 */
export async function createHeartbeat({
  database,
  relay,
  onBeat,
  takeOver,
  isAlone,
  logger,
}: HeartbeatDeps): Promise<Heartbeat> {
  let heardSince = performance.now()
  let lastBeat = heardSince
  let shownAt = thisMoment()
  let isSilent = false
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> | undefined
  const stopLooking = new AbortController()
  let looking: Promise<void> | undefined

  async function show(): Promise<number> {
    const at = thisMoment()
    const { now } = database.dialect
    const [seen] = await database.query<{ seen_at: number }>(
      `INSERT INTO relays (id, seen_at) VALUES ($1, ${now}) ON CONFLICT (id) DO UPDATE SET seen_at = ${now} RETURNING seen_at`,
      [relay],
    )
    shownAt = at
    database.setNow(seen!.seen_at, at)
    return seen!.seen_at
  }

  async function beat(): Promise<void> {
    await onBeat(await show())
    if (isSilent) logger.info({}, 'the database is available again')
    isSilent = false
    const time = performance.now()
    if (time - lastBeat > heartbeatTimeout / 2) heardSince = time
    lastBeat = time
    if (time - heardSince >= heartbeatTimeout) await takeOverFromDead()
  }

  async function takeOverFromDead(): Promise<void> {
    await takeOver()
    await database.query(`DELETE FROM relays WHERE seen_at <= ${database.dialect.now} - $1`, [heartbeatTimeout * 20])
  }

  function next(): void {
    timer = setTimeout(() => {
      beating = beat()
        .catch((error: unknown) => {
          if (!isSilent)
            logger.warn({ err: error }, 'the database is unavailable; the relay continues when it is available again')
          isSilent = true
        })
        .then(() => {
          if (!isStopped) next()
        })
    }, beatEvery)
    timer.unref()
  }

  /** Looks for relays that have ended, until this one stops. */
  async function look(): Promise<void> {
    const ended = createEndedRelays(database)
    while (!isStopped) {
      await sleep(lookEvery, undefined, { signal: stopLooking.signal, ref: false })
      // A heartbeat tells of an unavailable database, once.
      const count = await ended.forget().catch(() => 0)
      if (count > 0) await takeOver().catch(() => {})
    }
  }

  if (isAlone) await database.query('DELETE FROM relays')
  await beat()
  if (isAlone) await takeOver()
  else {
    next()
    looking = look().catch(() => {})
  }

  return {
    async ensureSeen() {
      if (!isAlone && since(shownAt) >= maxStartDelay) await show()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      stopLooking.abort()
      await Promise.all([beating, looking])
      await database.query('DELETE FROM relays WHERE id = $1', [relay]).catch(() => {})
    },
  }
}
