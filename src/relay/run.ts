import { STATUS_CODES } from 'node:http'
import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import type { UpstreamResponse, WireError } from '../protocol/record.ts'
import { isVisitor } from './caller.ts'
import { cancellationOf, type Changes } from './changes.ts'
import { findRule } from './key-rules.ts'
import type { Key } from './keys.ts'
import type { Logger } from './options.ts'
import { patiently } from './patiently.ts'
import type { Outcome, RecordHead, Records, StoredRecord } from './records.ts'
import { createRedactor } from './redact.ts'
import { substitute } from './substitute.ts'
import { pauseAskedFor, retryAfterOf } from './upstream-pause.ts'
import { isText, type Upstream, type UpstreamAnswer } from './upstream.ts'

export interface Runner {
  /**
   * Runs the record that `start` has marked as running; false when there is
   * none. How it went is in the record: it rejects only when `start` does.
   */
  run: (line: string, start: () => Promise<StoredRecord | null>) => Promise<boolean>
  /** What becomes of a record whose run did not end: run again, or failed because the upstream may have acted. */
  settleInterrupted: (head: RecordHead) => Promise<'pending' | 'failed'>
  /** Ends all calls that are under way. */
  abort: () => void
  /** Fires when all calls are ended. */
  stopping: AbortSignal
}

interface RunnerParts {
  keys: Map<string, Key>
  upstream: Upstream
  records: Records
  changes: Changes
  logger: Logger
  /** Milliseconds from the first attempt on in which an upstream's limit is waited for. */
  longestUpstreamWait: number
}

/** The one way from a record to the upstream and back, for direct, queued and repeated requests alike. */
export function createRunner(parts: RunnerParts): Runner {
  const { keys, upstream, records, changes, logger, longestUpstreamWait } = parts
  const stopping = new AbortController()

  async function run(line: string, start: () => Promise<StoredRecord | null>): Promise<boolean> {
    const ending = new AbortController()
    let record: StoredRecord | null = null
    let hasHeard = false
    /** Cancelled, or run by another relay because this one was taken for dead: nobody waits for this call any more. */
    const endIfOver = async () => {
      hasHeard = true
      if (!record) return
      if (!(await records.isCurrent(record))) ending.abort()
    }
    const hear = () =>
      void endIfOver().catch((error: unknown) => logger.warn({ line, err: error }, 'a call could not be ended'))
    // From before it is marked as running, so that there is no moment at which it cannot be cancelled.
    const stopListening = changes.on(cancellationOf(line), hear)
    try {
      record = await start()
      if (!record) return false
      if (hasHeard) hear()
      changes.announce(record.id)
      const outcome = await outcomeOf(record, AbortSignal.any([stopping.signal, ending.signal]))
      await settle(record, outcome)
      changes.announce(record.id, record.line)
    } catch (error) {
      if (!record) throw error
      logger.error({ id: record.id, err: error }, 'the end of a request could not be written into its record')
      changes.announce(record.id)
    } finally {
      stopListening()
    }
    return true
  }

  /** The answer is kept until the database has it. */
  async function settle(record: StoredRecord, outcome: Outcome): Promise<void> {
    await patiently(async () => {
      if (stopping.signal.aborted && outcome.error?.code === 'ABORTED') return settleInterrupted(record)
      const until = waitsUntil(record, outcome)
      return until === null ? records.settle(record, outcome) : records.handBack(record, until)
    }, stopping.signal)
  }

  /** When a queued request is sent again, because the upstream has asked for a pause; null when it is not. */
  function waitsUntil({ queueName, attemptedAt, expiresAt }: StoredRecord, { response }: Outcome): number | null {
    const pause = response && pauseAskedFor(response.status, response.headers)
    if (queueName === null || pause === null || pause === undefined) return null
    const until = Date.now() + pause
    return until < Math.min(expiresAt, (attemptedAt ?? Date.now()) + longestUpstreamWait) ? until : null
  }

  async function outcomeOf(record: StoredRecord, signal: AbortSignal): Promise<Outcome> {
    const { request } = record
    // Asked again, because a key or its rules may have changed while the request waited.
    const key = keys.get(request.clientSecretName)
    if (!key) return { status: 'failed', error: wireError(keyNotFound(request.clientSecretName)) }
    const redact = createRedactor(key.secret)
    try {
      if (key.locked && isVisitor(record.owner)) throw signInRequired(key.name)
      const rule = findRule(key.name, key.rules, request)
      const call = substitute(request, key.secret, rule.places)
      // The same over all runs of the record, so that the API can tell a second run of a request from a second request.
      if (rule.retryable && isOnceOnly(request.method)) call.headers['idempotency-key'] ??= record.id
      const answer = await upstream.call(call, {
        allowPrivateNetwork: rule.allowPrivateNetwork,
        signal,
      })
      const response = redactedResponse(answer, redact)
      return answer.status >= 400
        ? { status: 'failed', response, error: upstreamFailure(response) }
        : { status: 'resolved', response }
    } catch (thrown) {
      const error = asClientSecretError(thrown)
      const message = redact.text(error.message)
      if (error.code !== 'INTERNAL') return { status: 'failed', error: { ...wireError(error), message } }
      logger.error(
        { id: record.id, message, stack: redact.text(error.stack ?? '') },
        'a request failed for an unforeseen reason',
      )
      return { status: 'failed', error: { code: 'INTERNAL', message: unforeseen(record.id) } }
    }
  }

  async function settleInterrupted(head: RecordHead): Promise<'pending' | 'failed'> {
    const record = await records.read(head.owner, head.id)
    if (!record) return 'failed'
    const { method, clientSecretName } = record.request
    const repeatable = !isOnceOnly(method) || isRetryable(keys.get(clientSecretName), record)
    if (repeatable) await records.handBack(head)
    else {
      const message = `The relay stopped while the API was being called, so the ${method} may have had its effect or not. It is not sent again by itself; look at the API before you do.`
      await records.settle(head, { status: 'failed', error: { code: 'INTERRUPTED', message } })
    }
    changes.announce(head.id, head.line)
    return repeatable ? 'pending' : 'failed'
  }

  return {
    run,
    settleInterrupted,
    abort: () => stopping.abort(),
    stopping: stopping.signal,
  }
}

/** A second time would be a second order, message or image. */
function isOnceOnly(method: string): boolean {
  return method === 'POST' || method === 'PATCH'
}

function isRetryable(key: Key | undefined, { request }: StoredRecord): boolean {
  try {
    return key !== undefined && findRule(key.name, key.rules, request).retryable
  } catch {
    return false
  }
}

export function keyNotFound(name: string): ClientSecretError {
  return new ClientSecretError(
    'KEY_NOT_FOUND',
    `The relay knows no key named "${name}". Register it under keys in the relay's configuration, or correct clientSecretName.`,
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

function wireError({ code, message, path }: ClientSecretError): WireError {
  return { code, message, path }
}

/** What is said to the outside of an error that nobody foresaw: where to look, and nothing about the inside. */
export function unforeseen(requestId: string): string {
  return `Something unforeseen happened in the relay. Its log has the reason under ${requestId}.`
}

function redactedResponse(
  { status, headers, body }: UpstreamAnswer,
  redact: ReturnType<typeof createRedactor>,
): UpstreamResponse {
  const clean = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [redact.text(name), redact.text(value)]),
  )
  return isText(body, headers['content-type'])
    ? { status, headers: clean, body: redact.text(body.toString('utf8')) }
    : { status, headers: clean, body: redact.bytes(body).toString('base64'), encoding: 'base64' }
}

function upstreamFailure({ status, headers, body }: UpstreamResponse): WireError {
  const said = /json/i.test(headers['content-type'] ?? '') ? messageIn(body) : undefined
  const wait = retryAfterOf(headers['retry-after'])
  return {
    code: 'UPSTREAM_ERROR',
    message:
      `The API answered ${status} ${STATUS_CODES[status] ?? ''}`.trim() +
      (said ? `: ${said}` : ". Its answer is in the error's data."),
    status,
    retryAfter: wait === null ? undefined : wait / 1000,
  }
}

/** The sentence in an error body, where the usual APIs put it: error.message, message, or error. */
function messageIn(body: string): string | undefined {
  try {
    const { error, message } = JSON.parse(body) as { error?: { message?: unknown } | string; message?: unknown }
    const said = (typeof error === 'object' ? error?.message : error) ?? message
    return typeof said === 'string' ? said.slice(0, 500) : undefined
  } catch {
    return undefined
  }
}
