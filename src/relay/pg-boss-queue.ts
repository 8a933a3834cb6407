import type { JobWithMetadata, PgBoss } from 'pg-boss'
import type { Changes } from './changes.ts'
import type { Transaction } from './database.ts'
import { runLine, type Hold, type LineParts } from './line.ts'
import { explainMissingPeer } from './missing-peer.ts'
import { createPlaces } from './places.ts'
import { withinTransaction, type PostgresDatabase } from './postgres-database.ts'
import { longestSilence } from './presence.ts'
import type { Job, Queue } from './queue.ts'
import type { RecordHead } from './records.ts'

type Token = Pick<JobWithMetadata<Job>, 'id' | 'data' | 'retryCount'>

const schema = 'client_secret_queue'
const name = 'lines'
/** Calls that one relay has under way at a time. */
const mostAtOnce = 100
/** Milliseconds between looks for work that nobody told of. */
const lookEvery = 1_000
/** Milliseconds after which a line is handed back between two jobs, well before pg-boss takes it for stuck: after a day. */
const longestHold = 3_600_000
const day = 86_400

/** What the relays tell each other when there may be work for whoever has a place. */
const work = 'work'

/**
 * The queue of any number of relays on one Postgres. A job of pg-boss is a token
 * for a whole line: it says that something waits there, and whoever has fetched
 * it runs the line's records, one after another. The policy `exclusive` sees to
 * it that there is one token of a line at most, waiting or fetched; so the order
 * is that of the records, from one job to the next it takes no fetch, and what
 * fails blocks nothing. The token is deleted, not completed, so that pg-boss's
 * tables stay as small as the number of lines.
 */
export async function createPgBossQueue(
  database: PostgresDatabase,
  parts: LineParts & { changes: Changes },
): Promise<Queue> {
  const { records, changes, logger } = parts
  const boss = await startBoss(database, parts)
  const places = createPlaces(mostAtOnce)
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  const held = new Map<string, { token: Token; isLost: boolean }>()
  let fetching: Promise<void> | undefined
  let isAsked = false

  /** Writes the token of a line, if there is none. */
  async function add(job: Job, transaction: Transaction): Promise<void> {
    await boss.insert(name, [{ singletonKey: keyOf(job), data: job }], { db: withinTransaction(transaction) })
    transaction.afterCommit(look)
  }

  /** Fetches as many lines as there are places, for as long as there are lines. */
  function look(): void {
    isAsked = true
    if (closing.signal.aborted) return
    fetching ??= fetchAll()
      .catch((error: unknown) => {
        if (!closing.signal.aborted) logger.warn({ err: error }, 'the queue could not be read; it is tried again')
      })
      .then(() => {
        fetching = undefined
      })
  }

  async function fetchAll(): Promise<void> {
    while (isAsked && !closing.signal.aborted) {
      isAsked = false
      const free = places.free()
      // Others may have places. Ours are given to what waits as soon as one is left.
      if (free <= 0) return changes.announce(work)
      const tokens = await boss.fetch<Job>(name, { batchSize: free, includeMetadata: true })
      tokens.forEach(hold)
      if (tokens.length === free) isAsked = true
    }
  }

  function hold(token: Token): void {
    places.take()
    const state = { token, isLost: false }
    held.set(token.id, state)
    const since = performance.now()
    const isTired = () => places.free() <= 0 || performance.now() - since > longestHold
    let hasRun = false
    const run = runLine(
      token.data,
      {
        isOver: () => state.isLost || closing.signal.aborted || (hasRun && isTired()),
        start: (head) => {
          hasRun = true
          return start(state, head)
        },
        async pause({ id, notBefore }) {
          places.leave()
          look()
          await changes.until(id, notBefore, closing.signal)
          await places.wait()
        },
        end: () => end(state),
        retryAfter: (milliseconds) => changes.until(token.id, Date.now() + milliseconds, closing.signal),
      } satisfies Hold,
      parts,
    )
      .then(() => giveBack(state))
      .catch((error: unknown) =>
        logger.warn({ err: error }, 'a queue could not be handed back; others take it over later'),
      )
      .then(() => {
        held.delete(token.id)
        running.delete(run)
        places.leave()
        look()
      })
    running.add(run)
  }

  type Held = { token: Token; isLost: boolean }

  /** In one transaction with the sign of life, so that a relay that was taken for dead starts nothing more. */
  async function start(state: Held, head: RecordHead) {
    return database.transaction(async (transaction) => {
      const touched = await boss.touch(name, attemptOf(state), { db: withinTransaction(transaction) })
      if (affectedBy(touched) === 0) {
        state.isLost = true
        return null
      }
      return records.start(head, transaction)
    })
  }

  /** Under the lock that whoever adds to the line holds, so that nothing arrives unseen in between. */
  async function end(state: Held): Promise<boolean> {
    const { data } = state.token
    const isEmpty = await database.transaction(async (transaction) => {
      if (data.queueKey !== null) {
        await transaction.lock(data.queueKey)
        if (await records.next(data, transaction)) return false
      }
      await boss.deleteJob(name, attemptOf(state), { db: withinTransaction(transaction) })
      return true
    })
    if (isEmpty) held.delete(state.token.id)
    return isEmpty
  }

  /** Lets others go on with a line that is not at its end; behind those that have waited longer. */
  async function giveBack(state: Held): Promise<void> {
    if (state.isLost || !held.has(state.token.id)) return
    await database.transaction(async (transaction) => {
      const deleted = await boss.deleteJob(name, attemptOf(state), { db: withinTransaction(transaction) })
      if (affectedBy(deleted) > 0) await add(state.token.data, transaction)
    })
    changes.announce(work)
  }

  // What an earlier process has left without a token, if there should be any.
  for (const line of await records.lines()) await database.transaction((transaction) => add(line, transaction))
  const timer = setInterval(look, lookEvery)
  const forget = changes.on(work, look)
  look()

  return {
    add,

    async beat() {
      const mine = [...held.values()]
      if (mine.length === 0) return
      const touched = await boss.touch(name, mine.map(attemptOf))
      const still = new Set(touchedBy(touched))
      for (const state of mine) if (held.has(state.token.id) && !still.has(state.token.id)) state.isLost = true
    },

    takeOver: () => boss.supervise(name),

    async close() {
      closing.abort()
      clearInterval(timer)
      forget()
      await fetching
      await Promise.all(running)
      await boss.stop({ graceful: false, close: false })
    },
  }
}

async function startBoss(database: PostgresDatabase, { logger }: LineParts): Promise<PgBoss> {
  const { PgBoss: Boss } = await import('pg-boss').catch((error: unknown) => {
    throw explainMissingPeer(error, 'pg pg-boss')
  })
  const boss = new Boss({
    db: { executeSql: async (text, values) => flat(await database.executeSql(text, values)) },
    schema,
    // Of what pg-boss can do we need the table of jobs, and that a silent relay's are freed, at times of our own.
    schedule: false,
    supervise: false,
    monitorIntervalSeconds: 1,
    registerInstance: false,
    monitorVacuum: false,
    flowIntervalSeconds: day,
    bamIntervalSeconds: day,
    openTelemetry: { enabled: false },
  })
  boss.on('error', (error) => logger.warn({ err: error }, 'the queue met an error; it goes on'))
  const options = {
    heartbeatSeconds: longestSilence / 1000,
    // A relay that dies while it holds a line is nobody's failure but its own.
    retryLimit: 1_000_000,
    retryDelay: 0,
    expireInSeconds: day,
    retentionSeconds: 60 * day,
    deleteAfterSeconds: day,
  }
  // One relay after the other, when several find an empty database.
  await database.transaction(async (transaction) => {
    await transaction.lock('client-secret-relay: queue')
    await boss.start()
    await boss.createQueue(name, { policy: 'exclusive', ...options })
    await boss.updateQueue(name, options)
  })
  return boss
}

/** pg gives a list of results for several statements; pg-boss wants one. */
function flat(result: { rows: unknown[] } | { rows: unknown[] }[]): { rows: unknown[] } {
  return Array.isArray(result) ? { rows: result.flatMap(({ rows }) => rows) } : result
}

/** A line's key; a request without a queue is a line of its own. */
function keyOf({ id, queueKey }: Job): string {
  return queueKey ?? id
}

function attemptOf({ token: { id, retryCount } }: { token: Token }): { id: string; retryCount: number } {
  return { id, retryCount }
}

// pg-boss says both, and declares neither.
function affectedBy(response: unknown): number {
  return (response as { affected: number }).affected
}

function touchedBy(response: unknown): string[] {
  return (response as { settled?: string[] }).settled ?? []
}
