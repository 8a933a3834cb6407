import { setTimeout as sleep } from 'node:timers/promises'
import { isClientSecretError } from '../../../protocol/errors.ts'
import { countedAs, isVisitor, visitorPrefix, type Caller } from '../../common/caller.ts'
import type { SharedQueue, SharedQueues } from '../../common/queue-options.ts'
import { retryWhileUnavailable } from '../../common/retry-while-unavailable.ts'
import { throttled } from '../../common/throttled.ts'
import type { Database, Transaction } from '../../database/database.ts'
import { placesOf } from '../../database/shared-queue-places.ts'
import { createSharedQueueCalls, type SharedCall, type Taken } from '../../database/shared-queue-calls.ts'
import { hash, type Outcome, type QueuedRecord, type StoredRecord } from '../../database/stored-record.ts'
import { retryDelayFrom } from '../../upstream/retry-after.ts'
import { thisMoment, type Moment } from '../../common/clock.ts'
import { pauseAfterRefusal } from '../write-ending.ts'
import { heartbeatTimeout, maxStartDelay } from './heartbeat.ts'
import { restAfterDeath } from './queue.ts'
import type { QueueDeps } from './queue-worker.ts'

/**
 * Runs the records of shared queues. The database decides when a record starts (shared-queue-calls.ts): each relay asks
 * it for records when it may have some, runs them, and gives their slots back.
 */
export interface SharedQueueRunner {
  has(this: void, queueName: string | null | undefined): boolean
  /** Adds a record in the transaction that writes it. */
  add(record: QueuedRecord, caller: Caller, transaction: Transaction): Promise<void>
  /** Begins to run records. */
  start(): void
  /** Frees the slots of dead relays, and settles their records. */
  takeOver(): Promise<void>
  /** Starts no more records, and resolves when the running ones have ended. */
  close(): Promise<void>
}

interface SharedQueueRunnerDeps extends QueueDeps {
  database: Database
  queues: SharedQueues
  /** True when there can be no other relay. */
  isAlone: boolean
  /** Milliseconds to which `perMinute` refers: a minute, or less in a test. */
  minute: number
  /** Milliseconds above which the API may ask for a pause, but has no longer one. */
  maxUpstreamWait: number
}

/** Milliseconds from the take of a record to the beginning of its call. After a longer delay, the call counts again. */
const maxDelay = 500
/** Milliseconds that `perMinute` adds to its minute: `maxDelay`, and as much for the way to the API. */
const margin = 2 * maxDelay
/** Milliseconds between looks for records without a notification. */
const lookEvery = 1_000
/** Milliseconds between two notifications of the callers who wait. */
const tellEvery = 1_000
/** Milliseconds between two removals of old rows. */
const removeEvery = 10_000

/** Topic that relays publish when there may be work in a shared queue for a relay with a free slot. */
function workOf(queueName: string): string {
  return `work ${queueName}`
}

/** Long, because looks, runs and takeovers share the calls that are under way. */
export async function createSharedQueues(deps: SharedQueueRunnerDeps): Promise<SharedQueueRunner> {
  const { relay, database, queues, records, runner, pubSub, slots, logger, isAlone, minute, maxUpstreamWait } = deps
  const calls = createSharedQueueCalls(database, {
    window: minute + margin,
    maxSilence: isAlone ? Infinity : maxStartDelay,
  })
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  /** The calls that this process runs. */
  const underWay = new Map<string, SharedCall>()
  /** The calls of this process whose end could not be written. */
  const unsettled = new Set<string>()
  const looks = new Map([...queues.values()].map((queue) => [queue.name, createLook(queue)]))
  let isStarted = false
  let timer: NodeJS.Timeout | undefined
  const subscriptions: (() => void)[] = []

  await calls.open([...queues.keys()])
  for (const { queue, count } of await calls.waiting()) {
    if (queues.has(queue)) continue
    const sentence = `${count} requests wait in the shared queue "${queue}", which this relay does not run: its option queues has no entry for it`
    logger.warn({ queue, count }, sentence)
  }

  /** Looks for records of one queue, once at a time, and again when a notification arrives in between. */
  function createLook(queue: SharedQueue) {
    const tell = throttled(() => pubSub.publish(placesOf(queue.name)), tellEvery)
    let isAsked = false
    let looking: Promise<void> | undefined
    let timer: NodeJS.Timeout | undefined

    async function lookAgain(): Promise<void> {
      let wait: number | null = null
      while (isAsked && !closing.signal.aborted) {
        isAsked = false
        await undoStrays(queue)
        if (!(await calls.hasWaiting(queue.name))) break
        const taken = await takeInTurn(queue)
        if (taken.calls.length > 0) tell()
        wait = taken.wait
      }
      clearTimeout(timer)
      if (closing.signal.aborted) return
      timer = setTimeout(look, Math.min(lookEvery, wait ?? lookEvery))
      timer.unref()
    }

    function look(): void {
      isAsked = true
      if (looking || !isStarted || closing.signal.aborted) return
      looking = lookAgain()
        .catch((error: unknown) => {
          // The heartbeat logs an unavailable database, once.
          if (!isClientSecretError(error))
            logger.error({ queue: queue.name, err: error }, 'could not continue a shared queue; the relay tries again')
          timer = setTimeout(look, lookEvery)
          timer.unref()
        })
        .then(() => {
          looking = undefined
          // A notification may have arrived since the last check.
          if (isAsked) look()
        })
    }

    async function ended(): Promise<void> {
      clearTimeout(timer)
      await looking
    }

    return { look, tell, ended }
  }

  /** Takes records when it is the turn of this queue among the callers who wait for a slot of this relay. */
  async function takeInTurn(queue: SharedQueue): Promise<Taken> {
    const turn = `shared queue ${queue.name}`
    if (slots.available() <= 0) pubSub.publishToPeers(workOf(queue.name))
    await slots.acquire(turn)
    try {
      if (closing.signal.aborted) return { calls: [], wait: null }
      const before = thisMoment()
      const taken = await calls.take(queue, relay, 1 + Math.max(0, slots.available()))
      for (const one of taken.calls) run(queue, one, before)
      return taken
    } finally {
      slots.release(turn)
    }
  }

  /**
   * Undoes takes whose answers this relay has not received: their calls have not begun. Settles the calls that could not
   * be settled. Only of one queue, which takes nothing meanwhile: a take of another queue may have an answer on the way.
   */
  async function undoStrays({ name }: SharedQueue): Promise<void> {
    for (const call of await calls.callsOf(relay)) {
      if (call.queue !== name || underWay.has(nameOf(call))) continue
      const head = await calls.recordOf(call)
      if (head && unsettled.has(nameOf(call))) await runner.settleInterrupted(head)
      else if (head && (await records.requeue(head))) pubSub.publish(head.id, head.concurrencyKey)
      await calls.release([call])
      unsettled.delete(nameOf(call))
    }
  }

  function run(queue: SharedQueue, { call, record }: Taken['calls'][number], before: Moment): void {
    // The names of callers in pg-boss-queue.ts and embedded-queue.ts.
    const caller = record && !isAlone ? hash(record.owner) : (record?.owner ?? call.id)
    slots.take(caller)
    underWay.set(nameOf(call), call)
    const run = runCall(queue, call, record, before)
      .catch((error: unknown) => {
        unsettled.add(nameOf(call))
        if (!closing.signal.aborted)
          logger.error({ id: call.id, err: error }, 'the end of a call of a shared queue could not be written')
      })
      .then(() => {
        underWay.delete(nameOf(call))
        running.delete(run)
        slots.release(caller)
        const { look, tell } = looks.get(queue.name)!
        if (closing.signal.aborted) pubSub.publishToPeers(workOf(queue.name))
        tell()
        look()
      })
    running.add(run)
  }

  async function runCall(
    queue: SharedQueue,
    call: SharedCall,
    record: StoredRecord | null,
    before: Moment,
  ): Promise<void> {
    let answer: Outcome | undefined
    const isWritten =
      record === null ||
      (await runner.begin(queue.name, before).run(record, {
        show: () => mayStillCall(queue, call),
        answered: (outcome) => pauseIfAsked(queue, record, (answer = outcome)),
        maxDelay,
      }))
    // Once more, with the slot: the record waits from a little later on, and is first when the queue goes on.
    if (record && answer) await pauseIfAsked(queue, record, answer)
    await retryWhileUnavailable(async () => {
      // It is unreadable, or its end could not be written.
      const head = await calls.recordOf(call)
      // The next relay runs it at once if this one stops; if the database refused its end, it must not run again and again.
      const isRefused = !isWritten && !runner.stopping.aborted
      const notBefore = isRefused ? Date.now() + pauseAfterRefusal : undefined
      if (head && (await isOurs(call))) await runner.settleInterrupted(head, notBefore)
      await calls.release([call])
    }, runner.stopping)
  }

  async function isOurs(call: SharedCall): Promise<boolean> {
    return (await calls.callsOf(call.relay)).some((one) => nameOf(one) === nameOf(call))
  }

  /** Counts the call at its present time, as soon as its minute has room. False if another relay has taken it over. */
  async function mayStillCall(queue: SharedQueue, call: SharedCall): Promise<boolean> {
    for (;;) {
      const wait = await calls.restart(call, queue)
      if (wait === null) return false
      if (wait === 0) return true
      await sleep(Math.min(wait, lookEvery), undefined, { signal: runner.stopping })
    }
  }

  /** A pause that an API asks for is a pause of all requests of the queue with this key to this host. */
  async function pauseIfAsked(queue: SharedQueue, { request }: StoredRecord, { response }: Outcome): Promise<void> {
    const pause = response && retryDelayFrom(response.status, response.headers)
    if (pause === null || pause === undefined) return
    const { host } = new URL(request.url)
    const time = Math.min(pause, maxUpstreamWait)
    await retryWhileUnavailable(() => calls.pause(queue.name, request.clientSecretName, host, time), runner.stopping)
  }

  async function takeOver(): Promise<void> {
    if (!isStarted) return
    for (const call of await calls.orphans(relay, heartbeatTimeout)) {
      const head = await calls.recordOf(call)
      if (head) await runner.settleInterrupted(head)
      // Last: the slot is free when the record has settled.
      await calls.release([call])
    }
    for (const { look } of looks.values()) look()
  }

  return {
    has: (queueName) => queues.has(queueName ?? ''),

    async add(record, caller, transaction) {
      const queue = queues.get(record.queueName!)!
      await calls.addTurn(record, queue, turnOf(caller, queue), transaction)
      const { look, tell } = looks.get(queue.name)!
      transaction.afterCommit(look)
      transaction.afterCommit(tell)
    },

    start() {
      isStarted = true
      if (queues.size === 0) return
      for (const [name, { look }] of looks) {
        subscriptions.push(pubSub.on(workOf(name), look))
        look()
      }
      timer = setInterval(() => void calls.removeOld().catch(() => {}), removeEvery).unref()
      // Calls of an earlier process.
      if (isAlone)
        void sleep(restAfterDeath, undefined, { signal: closing.signal, ref: false }).then(takeOver, () => {})
    },

    takeOver,

    async close() {
      closing.abort()
      clearInterval(timer)
      for (const unsubscribe of subscriptions) unsubscribe()
      await Promise.all([...looks.values()].map(({ ended }) => ended()))
      await Promise.all(running)
    },
  }
}

/** Visitors share a turn as they share a limit. */
function turnOf(caller: Caller, { name }: SharedQueue): string {
  const turn = hash(JSON.stringify([countedAs(caller), name]))
  return isVisitor(caller.owner) ? visitorPrefix + turn : turn
}

function nameOf({ id, version }: SharedCall): string {
  return `${id} ${version}`
}
