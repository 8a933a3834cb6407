import { asClientSecretError, ClientSecretError } from '../../protocol/errors.ts'
import { expiredMessage } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import { call, type Traffic } from '../upstream/call-upstream.ts'
import { streamAnswer, type RawCall } from '../upstream/stream-answer.ts'
import { isVisitor } from '../common/caller.ts'
import type { Logger } from '../common/logger.ts'
import { cancellationOf, maxTimer, type PubSub } from '../database/pub-sub.ts'
import type { BytesInFlight, Room } from '../common/bytes-in-flight.ts'
import type { Metrics } from './metrics.ts'
import { writeJsonText } from '../common/json-text.ts'
import { secretsOf, type Keys, type KeyValue } from '../keys/key.ts'
import type { Limits } from './limits.ts'
import { retryWhileUnavailable } from '../common/retry-while-unavailable.ts'
import type { Records } from '../database/records.ts'
import { unreadable, UnreadableRecordError } from '../database/record-rows.ts'
import type { SecretIndex } from '../keys/redaction/secret-index.ts'
import type { Outcome, RecordSummary, RecordVersion, StoredRecord } from '../database/stored-record.ts'
import { isSafeToRetry } from '../upstream/safe-to-retry.ts'
import { createRightToCall, takenOver, thisMoment, type RightToCall } from '../upstream/right-to-call.ts'
import { upstreamFailure } from '../upstream/upstream-failure.ts'
import { retryDelayFrom } from '../upstream/retry-after.ts'
import type { Upstream } from '../upstream/http-client.ts'
import type { Tokens } from '../upstream/tokens.ts'
import { wireError } from '../keys/redacted-error.ts'

export interface Runner {
  /** Prepares a run. From this moment on, cancelling what runs under this concurrency key ends the run's call. */
  begin: (concurrencyKey: string) => Run
  /** What becomes of a record whose run did not end: run again, or failed because the upstream may have acted. */
  settleInterrupted: (head: RecordSummary) => Promise<'pending' | 'failed'>
  /** Whether the call of this record, in this version, is made here at the moment. */
  isRunning: (seen: RecordVersion) => boolean
  /** Whether a request that was interrupted may be run again. */
  isSafeToRetry: (request: ClientSecretRequest) => boolean
  /** Ends the call of a direct request that nobody waits for any more. */
  abandon: (id: string) => void
  /** Ends all calls that are under way. */
  abort: () => void
  /** Fires when all calls are ended. */
  stopping: AbortSignal
}

/** A run that has begun and has no record yet. */
export interface Run {
  /** Runs a record that is marked as running. Writes the outcome into it, and never rejects. */
  run(record: StoredRecord, steps: RunSteps): Promise<void>
  /** Ends a run without a record. */
  end(): void
}

/** What a run does with its record. Without the optional steps it asks and writes the database. */
export interface RunSteps {
  /** Shows the other relays that this one has the record; false when another one has taken it over. */
  show(record: StoredRecord): Promise<boolean>
  /** Whether a caller of this relay still waits for the call. */
  isCurrent?(record: StoredRecord): Promise<boolean>
  /** Writes the outcome; gives the status that the record has then. */
  settle?(record: StoredRecord, outcome: Outcome): Promise<StoredRecord['status']>
  /** Where the body is sent from and goes to, in place of the record. */
  raw?: RawCall | undefined
}

interface RunnerDeps {
  keys: Keys
  secrets: SecretIndex
  upstream: Upstream
  tokens: Tokens
  records: Records
  pubSub: PubSub
  limits: Limits
  inFlight: BytesInFlight
  metrics: Metrics
  logger: Logger
  /** Milliseconds from the first attempt on in which an upstream's limit is waited for. */
  maxUpstreamWait: number
  /** Largest answer in bytes. */
  responseBytes: number
}

/** The one way from a record to the upstream and back, for direct, queued and repeated requests alike. */
export function createRunner(parts: RunnerDeps): Runner {
  const {
    keys,
    secrets,
    upstream,
    tokens,
    records,
    pubSub,
    limits,
    inFlight,
    metrics,
    logger,
    maxUpstreamWait,
    responseBytes,
  } = parts
  const stopping = new AbortController()
  /** The calls that are under way here, by the ids of their records. */
  const underWay = new Map<string, AbortController>()
  /** All of them, also of a record that runs twice because this relay was taken for dead. */
  const endings = new Map<AbortController, RecordVersion>()

  const queued = { isCurrent: (record: StoredRecord) => records.isCurrent(record), settle }

  function begin(concurrencyKey: string): Run {
    const shown = thisMoment()
    let wasCancelled = false
    let onCancel = () => {
      wasCancelled = true
    }
    // Before the record is marked as running: a cancellation in between would be lost.
    const subscriptions = [pubSub.on(cancellationOf(concurrencyKey), () => onCancel())]
    const end = () => subscriptions.splice(0).forEach((unsubscribe) => unsubscribe())

    async function run(record: StoredRecord, given: RunSteps): Promise<void> {
      const steps = { ...queued, ...given }
      const ending = new AbortController()
      let expiry: NodeJS.Timeout | undefined
      let room: Room | undefined
      /** A cancelled call, or one that another relay took over, has no caller any more. */
      async function endIfOver(): Promise<void> {
        if (!(await steps.isCurrent(record))) ending.abort(cancelled)
      }
      onCancel = () =>
        void endIfOver().catch((error: unknown) =>
          logger.warn({ id: record.id, err: error }, 'a call could not be ended'),
        )
      try {
        underWay.set(record.id, ending)
        endings.set(ending, record)
        // An older record that runs again is cancelled under its own key.
        if (record.line !== concurrencyKey) subscriptions.push(pubSub.on(cancellationOf(record.line), () => onCancel()))
        if (stopping.signal.aborted) ending.abort(stopping.signal.reason)
        if (wasCancelled || record.line !== concurrencyKey) onCancel()
        pubSub.publish(record.id)
        // A direct request has a caller who waits; for a background request the caller cannot be told any more.
        if (record.relay === null) {
          const left = Math.min(record.expiresAt - Date.now(), maxTimer)
          expiry = setTimeout(() => ending.abort(expired), left)
        }
        room = inFlight.open(record.owner)
        const right = createRightToCall(shown, () => steps.show(record), ending.signal)
        await runStarted(record, steps, ending.signal, room, right)
      } catch (error) {
        // This relay was silent for so long that its answer would be old. The other relay settles the record.
        if (error === takenOver)
          logger.info({ id: record.id }, 'a request was taken over by another relay before its call')
        else logger.error({ id: record.id, err: error }, 'the end of a request could not be written into its record')
        pubSub.publish(record.id)
      } finally {
        end()
        clearTimeout(expiry)
        // A turn later: by then the waiting caller has room for the answer.
        if (room) setImmediate(room.leave)
        underWay.delete(record.id)
        endings.delete(ending)
      }
    }
    return { run, end }
  }

  async function runStarted(
    record: StoredRecord,
    steps: Required<Omit<RunSteps, 'raw'>> & Pick<RunSteps, 'raw'>,
    signal: AbortSignal,
    room: Room,
    right: RightToCall,
  ): Promise<void> {
    const traffic: Traffic = { sent: 0, received: 0, calls: 0 }
    const startedAt = performance.now()
    const ended = await outcomeOf(record, { signal, traffic, room, right }, steps.raw)
    const outcome: Outcome = signal.reason === cancelled && isAborted(ended) ? { status: 'cancelled' } : ended
    const took = performance.now() - startedAt
    if (traffic.calls > 0) keys.used(record.request.clientSecretName)
    const status = await steps.settle(record, outcome)
    pubSub.publish(record.id, record.line)
    metrics.ran({
      requestId: record.id,
      key: record.request.clientSecretName,
      method: record.request.method,
      host: new URL(record.request.url).host,
      outcome: status,
      status: outcome.response?.status,
      code: outcome.error?.code,
      // The record was changed last when it was made running.
      waited: record.updatedAt - record.createdAt,
      took: Math.round(took * 10) / 10,
      requestBytes: traffic.sent,
      responseBytes: traffic.received,
    })
    await limits.countAnswer(record.owner, record.request.clientSecretName, traffic.received)
  }

  async function outcomeOf(
    record: StoredRecord,
    given: { signal: AbortSignal; traffic: Traffic; room: Room; right: RightToCall },
    raw: RawCall | undefined,
  ): Promise<Outcome> {
    const { id, owner, request } = record
    // Asked again, because a key or its rules may have changed while the request waited.
    const key = keys.get(request.clientSecretName)
    if (!key) return { status: 'failed', error: wireError(keyNotFound(request.clientSecretName), secrets) }
    /** A value that is removed meanwhile is looked for until the answer to it is looked through. */
    const releases: (() => void)[] = []
    const hold = (value: KeyValue) =>
      void releases.push(...secretsOf(value).map((secret) => secrets.add(secret, value)))
    try {
      if (key.locked && isVisitor(owner)) throw signInRequired(key.name)
      const circumstances = { upstream, tokens, keys, secrets, hold, responseBytes, idempotencyKey: id, ...given }
      const response = await (raw ? streamAnswer(key, request, circumstances, raw) : call(key, request, circumstances))
      await writeJsonText(response)
      return response.status >= 400
        ? { status: 'failed', response, error: upstreamFailure(response) }
        : { status: 'resolved', response }
    } catch (thrown) {
      if (thrown === takenOver) throw thrown
      const error = asClientSecretError(thrown)
      if (error.code !== 'INTERNAL') return { status: 'failed', error: wireError(error, secrets) }
      logger.error({ id, message: error.message, stack: error.stack }, 'a request failed for an unforeseen reason')
      return { status: 'failed', error: { code: 'INTERNAL', message: unforeseen(id) } }
    } finally {
      for (const release of releases) release()
    }
  }

  /** The answer is kept until the database has it. Gives what has become of the record. */
  function settle(record: StoredRecord, outcome: Outcome): Promise<StoredRecord['status']> {
    return retryWhileUnavailable(async () => {
      if (stopping.signal.aborted && isAborted(outcome)) return settleInterrupted(record)
      const until = waitsUntil(record, outcome)
      const isWritten = until === null ? await records.settle(record, outcome) : await records.requeue(record, until)
      // What is not running any more was cancelled meanwhile.
      if (!isWritten) return 'cancelled'
      return until === null ? outcome.status : 'pending'
    }, stopping.signal)
  }

  /** When a queued request is sent again, because the upstream has asked for a pause; null when it is not. */
  function waitsUntil({ queueName, attemptedAt, expiresAt }: StoredRecord, { response }: Outcome): number | null {
    const pause = response && retryDelayFrom(response.status, response.headers)
    if (queueName === null || pause === null || pause === undefined) return null
    const until = Date.now() + pause
    return until < Math.min(expiresAt, (attemptedAt ?? Date.now()) + maxUpstreamWait) ? until : null
  }

  async function settleInterrupted(head: RecordSummary): Promise<'pending' | 'failed'> {
    const record = await readIfPossible(head)
    if (!record) return 'failed'
    const { method, clientSecretName } = record.request
    // Nobody waits for a direct request any more; whoever sends it again gets it run again, where that is safe.
    const isAgain = record.relay === null && isSafeToRetry(keys.get(clientSecretName), record.request)
    if (isAgain) await records.requeue(head)
    else {
      const message = `The relay stopped while the API was being called, so the ${method} may have had its effect or not. It is not sent again by itself; look at the API before you do.`
      await records.settle(head, { status: 'failed', error: { code: 'INTERRUPTED', message } })
    }
    pubSub.publish(head.id, head.line)
    return isAgain ? 'pending' : 'failed'
  }

  /** The record; null when there is none any more, or when it cannot be read and was settled for that reason. */
  async function readIfPossible(head: RecordSummary): Promise<StoredRecord | null> {
    try {
      return await records.read(head.owner, head.id)
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error
      logger.error({ id: head.id, err: error }, 'a request cannot be read any more; it is settled as failed')
      await records.settle(head, { status: 'failed', error: unreadable })
      pubSub.publish(head.id, head.line)
      return null
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

/** Why a call is ended that nobody waits for any more, or that another relay makes now. */
const cancelled = new ClientSecretError('CANCELLED', 'The request was cancelled.')

/** Why a call is ended whose record is over: it would be counted no more, and the next of its queue would run beside it. */
const expired = new ClientSecretError('EXPIRED', expiredMessage)

/** Whether there is no answer because we ended the call. */
export function isAborted({ error }: Outcome): boolean {
  return error?.code === 'ABORTED' || error?.code === 'CANCELLED'
}

function abandoned(): ClientSecretError {
  return new ClientSecretError(
    'ABORTED',
    'Nobody waited for the answer any more, so the call of the API was ended. The API may have acted on it already.',
  )
}

export function keyNotFound(name: string): ClientSecretError {
  return new ClientSecretError(
    'KEY_NOT_FOUND',
    `The relay knows no key named "${name}". Register it under keys in the relay's configuration or with client-secret-relay keys add, or correct clientSecretName.`,
    { path: 'clientSecretName' },
  )
}

export function signInRequired(name: string): ClientSecretError {
  return new ClientSecretError(
    'SIGN_IN_REQUIRED',
    `The key "${name}" is locked: only signed-in users may use it, and the relay's authenticate found nobody in this call.`,
    { path: 'clientSecretName' },
  )
}

/** What is said to the outside of an error that nobody foresaw: where to look, and nothing about the inside. */
export function unforeseen(requestId: string): string {
  return `Something unforeseen happened in the relay. Its log has the reason under ${requestId}.`
}
