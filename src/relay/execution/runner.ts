import { asClientSecretError } from '../../protocol/errors.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { BytesInFlight, Room } from '../common/bytes-in-flight.ts'
import { cancellationOf, maxTimer, type PubSub } from '../database/pub-sub.ts'
import type { Records } from '../database/records.ts'
import type { Outcome, RecordVersion, StoredRecord } from '../database/stored-record.ts'
import type { Traffic } from '../upstream/call-upstream.ts'
import { thisMoment, type Moment } from '../common/clock.ts'
import { traceOf } from '../common/trace-context.ts'
import type { Tracing } from '../common/tracing.ts'
import { createRightToCall, takenOver } from '../upstream/right-to-call.ts'
import { isSafeToRetry } from '../upstream/safe-to-retry.ts'
import { isSentOnce } from '../upstream/raw-body.ts'
import { isKept, type RawCall } from '../upstream/stream-answer.ts'
import { callForRecord, type CallDeps, type RunCircumstances } from './call-for-record.ts'
import type { Budgets, Reservation } from './budgets.ts'
import type { Limits } from './rate-limits.ts'
import { keptCall, type KeptStreamDeps } from './kept-writer.ts'
import { limitIn } from './limit-in.ts'
import type { Metrics } from './metrics.ts'
import { abandoned, cancelled, expired, isAborted } from './run-errors.ts'
import { createSettlement, type Settlement } from './settlement.ts'

export interface Runner {
  /**
   * Prepares a run. From this moment, a cancellation under this concurrency key ends the run's call.
   *
   * @param shown A moment before the claim of the record. Default: now.
   */
  begin: (concurrencyKey: string, shown?: Moment) => Run
  /** Settles a record whose run did not end: it runs again, or it failed because the upstream may have acted. */
  settleInterrupted: Settlement['settleInterrupted']
  /** Whether this relay makes the call of this version of the record at the moment. */
  isRunning: (seen: RecordVersion) => boolean
  /** Whether an interrupted request may run again. */
  isSafeToRetry: (request: ClientSecretRequest) => boolean
  /** Ends the call of a direct request whose caller disconnected. */
  abandon: (id: string) => void
  /** Ends all calls. */
  abort: () => void
  /** Fires when `abort` ends all calls. */
  stopping: AbortSignal
}

/** A run that has begun and has no record yet. */
export interface Run {
  /**
   * Runs a record that is marked as running. Writes the outcome into it, and never rejects.
   *
   * @returns False if the outcome could not be written.
   */
  run(record: StoredRecord, steps: RunSteps): Promise<boolean>
  /** Ends a run without a record. */
  end(): void
}

/** The steps of a run that read and write its record. The optional ones default to the database. */
export interface RunSteps {
  /** Shows the other relays that this one has the record; false when another one has taken it over. */
  show(record: StoredRecord): Promise<boolean>
  /** Whether a caller of this relay still waits for the call. */
  isCurrent?(record: StoredRecord): Promise<boolean>
  /** Writes the outcome; gives the status that the record has then. */
  settle?(record: StoredRecord, outcome: Outcome, isCalled: boolean): Promise<StoredRecord['status']>
  /** Receives the outcome before it is written. */
  answered?(outcome: Outcome): Promise<void>
  /** Milliseconds from `begin` to the call after which `show` is necessary. Default: as other relays need for a takeover. */
  maxDelay?: number
  /** The parts of the call outside of the record. */
  raw?: RawCall | undefined
  /** The part of the caller's budgets that is reserved for the call. Default: the run reserves it. */
  reservation?: Reservation | undefined
}

type Optional = 'raw' | 'answered' | 'maxDelay' | 'reservation'
type AllSteps = Required<Omit<RunSteps, Optional>> & Pick<RunSteps, Optional>

interface RunnerDeps extends CallDeps {
  records: Records
  pubSub: PubSub
  limits: Limits
  budgets: Budgets
  inFlight: BytesInFlight
  metrics: Metrics
  /** Where the bytes of kept streams go. */
  kept: KeptStreamDeps
  tracing: Tracing
  /** Milliseconds from the first attempt in which a request waits for an upstream's limit. */
  maxUpstreamWait: number
}

/** The one way from a record to the upstream and back, for direct, queued and repeated requests alike. */
export function createRunner(deps: RunnerDeps): Runner {
  const { keys, records, pubSub, inFlight, logger } = deps
  const stopping = new AbortController()
  /** The current calls of this relay, by the ids of their records. */
  const underWay = new Map<string, AbortController>()
  /** The same calls, and those of a record that runs twice because another relay took it over. */
  const endings = new Map<AbortController, RecordVersion>()
  const { settle, settleInterrupted } = createSettlement({ ...deps, ...deps.kept, stopping: stopping.signal })
  const inDatabase = { isCurrent: (record: StoredRecord) => records.isCurrent(record), settle }

  function begin(concurrencyKey: string, shown = thisMoment()): Run {
    // It listens before the record is marked as running: a cancellation in between would be lost.
    const cancellation = listenForCancellation(pubSub, concurrencyKey)
    return {
      run: (record, steps) => run(record, { ...inDatabase, ...steps }, shown, cancellation),
      end: () => cancellation.stop(),
    }
  }

  async function run(
    record: StoredRecord,
    steps: AllSteps,
    shown: Moment,
    cancellation: Cancellation,
  ): Promise<boolean> {
    const ending = new AbortController()
    let expiry: NodeJS.Timeout | undefined
    let room: Room | undefined
    /** A cancelled call, or one that another relay took over, has no caller any more. */
    const endIfOver = async () => {
      if (!(await steps.isCurrent(record))) ending.abort(cancelled)
    }
    try {
      underWay.set(record.id, ending)
      endings.set(ending, record)
      if (stopping.signal.aborted) ending.abort(stopping.signal.reason)
      cancellation.follow(record.concurrencyKey, () => {
        endIfOver().catch((error: unknown) => logger.warn({ id: record.id, err: error }, 'a call could not be ended'))
      })
      pubSub.publish(record.id)
      // A direct request's caller waits for its answer. After the expiry, no caller of a background request or of a
      // kept stream can get it.
      if (record.relay === null || isKept(steps.raw)) {
        const left = Math.min(record.expiresAt - records.now(), maxTimer)
        expiry = setTimeout(() => ending.abort(expired), left)
      }
      room = inFlight.open(record.owner)
      const right = createRightToCall(shown, () => steps.show(record), ending.signal, steps.maxDelay)
      await callAndSettle(deps, record, steps, { signal: ending.signal, room, right })
      return true
    } catch (error) {
      // This relay was silent for so long that its answer would be old. The other relay settles the record.
      if (error === takenOver) logger.info({ id: record.id }, 'another relay took a request over before its call')
      else logger.error({ id: record.id, err: error }, 'the end of a request could not be written into its record')
      pubSub.publish(record.id)
      return error === takenOver
    } finally {
      cancellation.stop()
      clearTimeout(expiry)
      // A turn later: by then the waiting caller has room for the answer.
      if (room) setImmediate(room.leave)
      underWay.delete(record.id)
      endings.delete(ending)
    }
  }

  return {
    begin,
    settleInterrupted,
    isRunning: ({ id, version }) =>
      [...endings.values()].some((running) => running.id === id && running.version === version),
    isSafeToRetry: (request) => isSafeToRetry(keys.get(request.clientSecretName), request),
    abandon: (id) => underWay.get(id)?.abort(abandoned()),
    abort() {
      stopping.abort()
      for (const ending of endings.keys()) ending.abort(stopping.signal.reason)
    },
    stopping: stopping.signal,
  }
}

/** The call itself, and its end: into the record, the log and the limits. */
async function callAndSettle(
  deps: RunnerDeps,
  record: StoredRecord,
  steps: AllSteps,
  given: Omit<RunCircumstances, 'traffic' | 'traceHeaders'>,
): Promise<void> {
  const { keys, pubSub, metrics, tracing, limits } = deps
  const { request } = record
  const { clientSecretName: key, method } = request
  const url = new URL(request.url)
  const trace = traceOf(record.trace)
  const traced = { id: record.id, key, method, url }
  // The record changed last when its run began.
  const waited = record.updatedAt - record.createdAt
  const traffic: Traffic = { sent: 0, received: 0, calls: 0 }
  const startedAt = performance.now()
  const upload = steps.raw?.body
  const isUncounted = isSentOnce(upload) && upload.size === undefined
  // A later run has waited for its API, too.
  if (record.relay === null && record.attemptedAt === record.updatedAt) tracing.waited(trace, traced, waited)
  const span = tracing.call(trace, traced)
  const run = { ...given, traffic, traceHeaders: span.headersFor }
  const ended = await span
    .during(() => callWithinBudget(deps, record, steps, run))
    .catch((error: unknown) => {
      span.end({ status: undefined, code: 'INTERRUPTED', calls: traffic.calls })
      throw error
    })
  span.end({ status: ended.response?.status, code: ended.error?.code, calls: traffic.calls })
  const outcome: Outcome = given.signal.reason === cancelled && isAborted(ended) ? { status: 'cancelled' } : ended
  const took = performance.now() - startedAt
  if (traffic.calls > 0) keys.used(key)
  await steps.answered?.(outcome)
  const status = await steps.settle(record, outcome, traffic.calls > 0)
  pubSub.publish(record.id, record.concurrencyKey)
  metrics.ran({
    requestId: record.id,
    traceId: trace?.traceId,
    key,
    method,
    host: url.host,
    outcome: status,
    status: outcome.response?.status,
    code: outcome.error?.code,
    limit: outcome.error && limitIn(outcome.error),
    waited,
    took: Math.round(took * 10) / 10,
    requestBytes: traffic.sent,
    responseBytes: traffic.received,
  })
  // An upload of unknown size was not counted before.
  const bytes = traffic.received + (isUncounted ? traffic.sent : 0)
  await limits.countAnswer(record.owner, keys.get(key), bytes)
}

/** Makes the call if the budgets of its caller have room for it, and counts its use. */
async function callWithinBudget(
  deps: RunnerDeps,
  record: StoredRecord,
  { raw, reservation }: AllSteps,
  run: RunCircumstances,
): Promise<Outcome> {
  let reserved = reservation
  try {
    reserved ??= await deps.budgets.reserve(record.owner, record.request, raw?.body)
  } catch (error) {
    const { code, message, retryAfter } = asClientSecretError(error)
    if (code === 'INTERNAL') throw error
    return { status: 'failed', error: { code, message, ...(retryAfter !== undefined && { retryAfter }) } }
  }
  const { traffic } = run
  traffic.read = reserved?.read
  try {
    const call = raw ?? (record.request.keep ? keptCall(deps.kept, record.id) : undefined)
    const ended = await callForRecord(deps, record, run, call)
    await reserved?.settle({ response: ended.response, isCalled: traffic.calls > 0 && !traffic.isUnreached })
    return ended
  } finally {
    await reserved?.release()
  }
}

interface Cancellation {
  /** Calls `onCancel` for each cancellation under the record's key, and once for the cancellations before. */
  follow(concurrencyKey: string, onCancel: () => void): void
  stop(): void
}

/** Listens for cancellations from now on, also before the record of the run is known. */
function listenForCancellation(pubSub: PubSub, concurrencyKey: string): Cancellation {
  let wasCancelled = false
  let onCancel = () => {
    wasCancelled = true
  }
  const subscriptions = [pubSub.on(cancellationOf(concurrencyKey), () => onCancel())]
  return {
    follow(keyOfRecord, given) {
      onCancel = given
      // An older record that runs again is cancelled under its own key.
      const isOther = keyOfRecord !== concurrencyKey
      if (isOther) subscriptions.push(pubSub.on(cancellationOf(keyOfRecord), given))
      if (wasCancelled || isOther) given()
    },
    stop: () => subscriptions.splice(0).forEach((unsubscribe) => unsubscribe()),
  }
}
