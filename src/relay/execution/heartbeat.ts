import { randomUUID } from 'node:crypto'
import type { Database } from '../database/database.ts'
import type { Logger } from '../common/logger.ts'
import { since, thisMoment } from '../upstream/right-to-call.ts'

/** Milliseconds between two signs of life. */
const beatEvery = 2_000
/**
 * Milliseconds without a sign of life after which a relay counts as dead, and
 * what it ran is taken over. Longer than a connection to the database is
 * usually gone, because a relay that lives finishes its calls itself.
 */
export const longestSilence = 15_000
/** Milliseconds after a sign of life in which something may be started: well before others may take it over. */
export const longestStart = (longestSilence / 3) * 2

export interface Presence {
  /** By which the others know this relay. */
  id: string
  /** Gives a sign of life where the last one is too long ago for starting something. */
  ensureSeen(): Promise<void>
  stop(): Promise<void>
}

interface PresenceParts {
  database: Database
  /** Tells that this relay still has what it runs. */
  onBeat: (seenAt: number) => Promise<void>
  /** Takes over what dead relays ran. */
  takeOver: () => Promise<void>
  /** True when no other relay can live, as on a SQLite file, which is locked. */
  isAlone: boolean
  logger: Logger
}

/**
 * Shows the other relays that this one lives, and looks after what dead ones
 * have left. Others are judged only by a relay that was itself heard all the
 * time: after the database was away for a while, everybody is silent.
 */
export async function createPresence({
  database,
  onBeat,
  takeOver,
  isAlone,
  logger,
}: PresenceParts): Promise<Presence> {
  const id = randomUUID()
  let heardSince = performance.now()
  let lastBeat = heardSince
  let shownAt = thisMoment()
  let isSilent = false
  let isStopped = false
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> | undefined

  async function show(): Promise<number> {
    const at = thisMoment()
    const { now } = database.dialect
    const [seen] = await database.query<{ seen_at: number | string }>(
      `INSERT INTO relays (id, seen_at) VALUES ($1, ${now}) ON CONFLICT (id) DO UPDATE SET seen_at = ${now} RETURNING seen_at`,
      [id],
    )
    shownAt = at
    return Number(seen?.seen_at)
  }

  async function beat(): Promise<void> {
    await onBeat(await show())
    if (isSilent) logger.info({}, 'the database is back')
    isSilent = false
    const time = performance.now()
    if (time - lastBeat > longestSilence / 2) heardSince = time
    lastBeat = time
    if (time - heardSince >= longestSilence) await takeOverFromDead()
  }

  async function takeOverFromDead(): Promise<void> {
    await takeOver()
    await database.query(`DELETE FROM relays WHERE seen_at <= ${database.dialect.now} - $1`, [longestSilence * 20])
  }

  function next(): void {
    timer = setTimeout(() => {
      beating = beat()
        .catch((error: unknown) => {
          if (!isSilent) logger.warn({ err: error }, 'the database is away; the relay goes on when it is back')
          isSilent = true
        })
        .then(() => {
          if (!isStopped) next()
        })
    }, beatEvery)
    timer.unref()
  }

  if (isAlone) await database.query('DELETE FROM relays')
  await beat()
  if (isAlone) await takeOver()
  else next()

  return {
    id,
    async ensureSeen() {
      if (!isAlone && since(shownAt) >= longestStart) await show()
    },
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await beating
      await database.query('DELETE FROM relays WHERE id = $1', [id]).catch(() => {})
    },
  }
}
