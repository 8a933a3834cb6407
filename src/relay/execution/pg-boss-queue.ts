import type { Job, PgBoss } from 'pg-boss'
import { isClientSecretError } from '../../protocol/errors.ts'
import { batched } from '../database/batched.ts'
import type { PubSub } from '../database/pub-sub.ts'
import type { Transaction } from '../database/database.ts'
import { runRecords, type Lease, type WorkerDeps } from './queue-worker.ts'
import { explainMissingPeer } from '../common/missing-peer.ts'
import { createPlaces } from '../common/semaphore.ts'
import { withinTransaction, type PostgresDatabase } from '../database/postgres-database.ts'
import { heartbeatTimeout, maxStartDelay } from './heartbeat.ts'
import type { Queue } from './queue.ts'
import type { RecordSummary } from '../database/stored-record.ts'

type Token = Pick<Job<{ line: string }>, 'id' | 'data' | 'retryCount'>

/** A token that this relay has. */
interface Held {
  token: Token
  /** It was silent for so long that another relay has it now, or it was given back without our hearing of it. */
  isLost: boolean
  /** The last statement about it was not answered, so that what it has done is not known. */
  isInDoubt: boolean
  /** What a take that is not answered writes as the time of its record, as no other take of this relay does; else 0. */
  takenAt: number
}

const schema = 'client_secret_queue'
const name = 'lines'
/** Milliseconds between looks for work that nobody told of. */
const lookEvery = 1_000
/** Milliseconds after which a line is handed back between two jobs, well before pg-boss takes it for stuck: after a day. */
const maxHold = 3_600_000
const day = 86_400
/** Tokens that are written in one statement. */
const batchSize = 1_000

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
  parts: WorkerDeps & { pubSub: PubSub },
): Promise<Queue> {
  const { records, pubSub, logger } = parts
  const boss = await startBoss(database, parts)
  const places = createPlaces()
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  const held = new Set<Held>()
  let lastTake = 0
  /** Until when this relay may start something, by the clock of the database. */
  let deadline = 0
  let fetching: Promise<void> | undefined
  let isAsked = false
  /** Something came to this relay that nobody has fetched yet, as far as it knows. */
  let isAdded = false

  /** Writes the token of a line, if there is none. */
  async function add(line: string, transaction: Transaction): Promise<void> {
    await boss.insert(name, [tokenFor(line)], { db: withinTransaction(transaction) })
    transaction.afterCommit(() => {
      isAdded = true
      look()
    })
  }

  /** Fetches as many lines as there are places, for as long as there are lines. */
  function look(): void {
    isAsked = true
    // Before the first sign of life nothing may be started.
    if (fetching || deadline === 0 || closing.signal.aborted) return
    fetching = fetchAll()
      .catch((error: unknown) => {
        if (!isClientSecretError(error)) logger.error({ err: error }, 'the queue could not be read; it is tried again')
      })
      .then(() => {
        fetching = undefined
      })
  }

  async function fetchAll(): Promise<void> {
    while (isAsked && !closing.signal.aborted) {
      isAsked = false
      const free = places.free()
      if (free <= 0) {
        // Others may have places. Ours are given to what waits as soon as one is left.
        // Told by the one who has added it alone, or relays without a place would tell each other again and again.
        if (isAdded) pubSub.publishToPeers(work)
        isAdded = false
        return
      }
      const tokens = await boss.fetch<Token['data']>(name, { batchSize: free })
      tokens.forEach(hold)
      if (tokens.length === free) isAsked = true
      else if (!isAsked) isAdded = false
    }
  }

  function hold(token: Token): void {
    places.take()
    // Got again after it was lost: what began under the earlier right comes to its end, and begins nothing more.
    for (const before of held) if (before.token.id === token.id) before.isLost = true
    const mine: Held = { token, isLost: false, isInDoubt: false, takenAt: 0 }
    held.add(mine)
    const run = runRecords(token.data.line, holdOf(mine), parts)
      .then(() => giveBack(mine))
      .catch((error: unknown) => {
        logger.warn({ err: error }, 'a queue could not be handed back; others take it over in a while')
      })
      .then(() => {
        held.delete(mine)
        running.delete(run)
        places.leave()
        look()
      })
    running.add(run)
  }

  function holdOf(mine: Held): Lease {
    const { id } = mine.token
    const since = performance.now()
    let hasRun = false
    // Whoever has waited longer comes first when the places do not suffice.
    const isTired = () => hasRun && (places.free() <= 0 || performance.now() - since > maxHold)
    return {
      isOver: () => mine.isLost || closing.signal.aborted || isTired(),
      async claimNext() {
        if (mine.isInDoubt) await clearUp(mine)
        if (mine.isLost) return null
        const record = await answered(mine, take(mine))
        mine.takenAt = 0
        if (record) hasRun = true
        return record ?? null
      },
      async show() {
        await confirm([mine])
        return !mine.isLost
      },
      end: () => end(mine),
      async pause({ id, notBefore }) {
        places.leave()
        look()
        await pubSub.until(id, notBefore, closing.signal)
        await places.wait()
      },
      rest: (milliseconds) => pubSub.until(id, Date.now() + milliseconds, closing.signal),
    }
  }

  const take = batched(async (taking: Held[]) => {
    lastTake = Math.max(Date.now(), lastTake + 1)
    for (const mine of taking) mine.takenAt = lastTake
    const lines = taking.map(lineOf)
    const taken = new Map((await records.take(lines, deadline, lastTake)).map((record) => [record.line, record]))
    // A line that was lost and got again may be here twice; its record is for one of the two.
    return lines.map((line) => {
      const record = taken.get(line)
      taken.delete(line)
      return record
    })
  })

  /** What a statement about a line gives; when it gives nothing, what it has done is asked before anything else is. */
  async function answered<Result>(mine: Held, statement: Promise<Result>): Promise<Result> {
    try {
      return await statement
    } catch (error) {
      mine.isInDoubt = true
      throw error
    }
  }

  /** Finds out what a statement has done whose answer was lost, and undoes a take that nobody has heard of. */
  async function clearUp(mine: Held): Promise<void> {
    await confirm([mine])
    const head = mine.isLost ? null : await records.next(lineOf(mine))
    // Made running by our take, so that nobody else has run it, and neither have we.
    if (head?.status === 'running' && head.updatedAt === mine.takenAt) {
      await records.requeue(head)
      pubSub.publish(head.id, head.line)
    }
    mine.takenAt = 0
    mine.isInDoubt = false
  }

  async function end(mine: Held): Promise<RecordSummary | null> {
    if (mine.isLost) return null
    if (await answered(mine, endIfEmpty(mine))) {
      held.delete(mine)
      return null
    }
    const head = await records.next(lineOf(mine))
    // Asked after it was read: what runs there is another relay's, if that one has the line now.
    if (head?.status === 'running') await confirm([mine])
    return mine.isLost ? null : head
  }

  /** Shows that these are held here still, and finds those that were taken over since. */
  async function confirm(mine: Held[]): Promise<void> {
    const still = new Set(touchedBy(await boss.touch(name, mine.map(attemptOf))))
    for (const one of mine) if (!still.has(one.token.id)) one.isLost = true
  }

  const endIfEmpty = batched(async (ending: Held[]) => {
    const lines = ending.map(lineOf)
    // Whoever adds to a line has the same lock, so that nothing arrives unseen in between.
    return database.transaction(lines, async (transaction) => {
      const notEmpty = new Set(await records.notEmpty(lines, transaction))
      const empty = ending.filter((mine) => !notEmpty.has(lineOf(mine)))
      if (empty.length > 0) await boss.deleteJob(name, empty.map(attemptOf), { db: withinTransaction(transaction) })
      return lines.map((line) => !notEmpty.has(line))
    })
  })

  /** Lets others go on with a line that is not at its end; behind those that have waited longer. */
  async function giveBack(mine: Held): Promise<void> {
    if (!mine.isLost && mine.isInDoubt) await clearUp(mine)
    if (mine.isLost || !held.has(mine)) return
    // Most lines are at their end after one job, and their tokens need not be fetched a second time to find that out.
    if (await endIfEmpty(mine)) return
    await database.transaction([], async (transaction) => {
      const deleted = await boss.deleteJob(name, attemptOf(mine), { db: withinTransaction(transaction) })
      if (affectedBy(deleted) > 0) await add(lineOf(mine), transaction)
    })
    pubSub.publishToPeers(work)
  }

  // What an earlier process has left without a token, if there should be any.
  await orStop(boss, async () => {
    const lines = await records.lines()
    for (let from = 0; from < lines.length; from += batchSize)
      await boss.insert(name, lines.slice(from, from + batchSize).map(tokenFor))
  })
  const timer = setInterval(look, lookEvery)
  const stopListening = pubSub.on(work, look)

  return {
    add,

    async beat(seenAt) {
      const mine = [...held]
      if (mine.length > 0) await confirm(mine)
      deadline = seenAt + maxStartDelay
      look()
    },

    takeOver: () => boss.supervise(name),

    async close() {
      closing.abort()
      clearInterval(timer)
      stopListening()
      await fetching
      await Promise.all(running)
      await stop(boss)
    },
  }
}

async function startBoss(database: PostgresDatabase, { logger }: WorkerDeps): Promise<PgBoss> {
  // As with pg, a bundler must not look for it.
  const { PgBoss: Boss, getConstructionPlans } = await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'pg-boss'
  ).catch((error: unknown) => {
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
    heartbeatSeconds: heartbeatTimeout / 1000,
    // A relay that dies while it holds a line is nobody's failure but its own.
    retryLimit: 1_000_000,
    retryDelay: 0,
    expireInSeconds: day,
    retentionSeconds: 60 * day,
    deleteAfterSeconds: day,
  }
  // One relay after the other, when several find an empty database.
  await orStop(boss, () =>
    database.transaction(['client-secret-relay: queue'], async () => {
      await boss.start()
      // pg-boss starts on the tables of a newer one too, and fails later.
      const known = Number(/INSERT INTO \S*\.version\D*(\d+)/.exec(getConstructionPlans(schema))?.[1])
      const version = await boss.schemaVersion()
      if (version !== null && version > known) throw newerBoss(version, known)
      await boss.createQueue(name, { policy: 'exclusive', ...options })
      await boss.updateQueue(name, options)
    }),
  )
  return boss
}

function newerBoss(version: number, known: number): Error {
  return new Error(
    `The relay does not start: the tables of pg-boss in its database have version ${version}, and the pg-boss installed here knows versions up to ${known}. A newer one has worked with them; update pg-boss here too.`,
  )
}

/** Does a part of the start; when it fails, pg-boss is stopped, whose timers would keep the process alive. */
async function orStop(boss: PgBoss, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    await stop(boss).catch(() => {})
    throw error
  }
}

function stop(boss: PgBoss): Promise<void> {
  return boss.stop({ graceful: false, close: false })
}

/** pg gives a list of results for several statements; pg-boss wants one. */
function flat(result: { rows: unknown[] } | { rows: unknown[] }[]): { rows: unknown[] } {
  return Array.isArray(result) ? { rows: result.flatMap(({ rows }) => rows) } : result
}

function tokenFor(line: string): { singletonKey: string; data: Token['data'] } {
  return { singletonKey: line, data: { line } }
}

function lineOf({ token }: { token: Token }): string {
  return token.data.line
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
