import { batched } from './batched.ts'
import type { Database } from './database.ts'
import type { PubSub } from './pub-sub.ts'
import { isUnsettled, type SummaryRow } from './record-columns.ts'
import { placeStep } from './stored-record.ts'

/**
 * The places of unsettled records in shared queues. One statement reads the places of a whole queue, for all who ask
 * at that moment; those of a long queue serve up to a second.
 */
export interface SharedQueuePlaces {
  /** These rows, with the places of those that are in shared queues. */
  placed<One extends SummaryRow>(rows: readonly One[]): Promise<One[]>
  /** Unsettled records of a queue, of all callers. */
  length(queueName: string): Promise<number>
  /** Until the returned function is called, wakes the listeners of each record of the queue whose place moves a step. */
  watch(queueName: string): () => void
}

/** Topic of the places in a shared queue. */
export function placesOf(queueName: string): string {
  return `places ${queueName}`
}

/** The order of the unsettled records of a queue, at a time of this process. */
interface Reading {
  at: number
  turns: Turn[]
  places: Map<string, number>
}

interface Turn {
  id: string
  round: number
  seq: number
}

interface Watched {
  reading: Reading | undefined
  watchers: number
  /** Whether places have moved since the reading began. */
  isOld: boolean
  timer: NodeJS.Timeout | undefined
}

/** Milliseconds for which a reading of so many records serves: it takes about a fiftieth of that. */
function lifetimeOf({ turns }: Reading): number {
  return Math.min(1_000, Math.floor(turns.length / 10))
}

export function createSharedQueuePlaces(database: Pick<Database, 'query'>, pubSub: PubSub): SharedQueuePlaces {
  const queues = new Map<string, Watched>()

  function queueOf(name: string): Watched {
    const known = queues.get(name)
    if (known) return known
    const queue: Watched = { reading: undefined, watchers: 0, isOld: true, timer: undefined }
    queues.set(name, queue)
    pubSub.on(placesOf(name), () => {
      queue.isOld = true
      if (queue.watchers > 0) readSoon(name, queue)
    })
    return queue
  }

  /** Milliseconds for which the last reading still serves. */
  function timeLeft({ reading }: Watched): number {
    return reading ? reading.at + lifetimeOf(reading) - performance.now() : 0
  }

  const readAtOnce = batched(async (names: string[]) => {
    for (const name of new Set(names)) {
      const queue = queueOf(name)
      if (timeLeft(queue) <= 0) await read(name, queue)
    }
    return names.map((name) => queueOf(name).reading!)
  })

  async function read(name: string, queue: Watched): Promise<void> {
    const at = performance.now()
    queue.isOld = false
    const turns = await database.query<Turn>(
      `SELECT shared_turns.id, round, shared_turns.seq FROM shared_turns JOIN records ON records.id = shared_turns.id
       WHERE shared_turns.queue = $1 AND ${isUnsettled} ORDER BY round, shared_turns.seq`,
      [name],
    )
    const places = new Map(turns.map(({ id }, index) => [id, index + 1]))
    const before = queue.reading?.places
    queue.reading = { at, turns, places }
    void pubSub.wakeInTurns(
      turns.map(({ id }) => id).filter((id) => placeStep(before?.get(id) ?? 0) !== placeStep(places.get(id)!)),
    )
  }

  async function readingOf(name: string): Promise<Reading> {
    const queue = queueOf(name)
    return timeLeft(queue) > 0 ? queue.reading! : readAtOnce(name)
  }

  function readSoon(name: string, queue: Watched): void {
    if (queue.timer || pubSub.isClosed()) return
    queue.timer = setTimeout(
      () => {
        queue.timer = undefined
        // While the database is unavailable, the next notification tries again.
        if (!pubSub.isClosed()) readingOf(name).catch(() => {})
      },
      Math.max(0, timeLeft(queue)),
    ).unref()
  }

  return {
    async placed(rows) {
      const names = new Set(
        rows.flatMap(({ round, queueName }) => (isSet(round) && queueName !== null ? [queueName] : [])),
      )
      if (names.size === 0) return [...rows]
      const readings = new Map<string | null, Reading>()
      await Promise.all([...names].map(async (name) => readings.set(name, await readingOf(name))))
      return rows.map((row) => (isSet(row.round) ? { ...row, place: placeIn(readings.get(row.queueName)!, row) } : row))
    },

    length: async (queueName) => (await readingOf(queueName)).turns.length,

    watch(queueName) {
      const queue = queueOf(queueName)
      queue.watchers++
      if (queue.isOld) readSoon(queueName, queue)
      return () => void queue.watchers--
    },
  }
}

function isSet(round: number | null | undefined): boolean {
  return round !== null && round !== undefined
}

/** A record that is newer than the reading takes its place among the others: the next new one counts it. */
function placeIn({ places, turns }: Reading, row: SummaryRow): number {
  const known = places.get(row.id)
  if (known !== undefined) return known
  const turn = { id: row.id, round: row.round ?? 0, seq: row.seq }
  const ahead = turnsBefore(turn, turns)
  turns.splice(ahead, 0, turn)
  places.set(turn.id, ahead + 1)
  return ahead + 1
}

/** The number of turns before this one, by halves. */
function turnsBefore({ round, seq }: Turn, turns: readonly Turn[]): number {
  let low = 0
  let high = turns.length
  while (low < high) {
    const middle = (low + high) >> 1
    const other = turns[middle]!
    if (other.round < round || (other.round === round && other.seq < seq)) low = middle + 1
    else high = middle
  }
  return low
}
