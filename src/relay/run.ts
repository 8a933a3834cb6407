import { STATUS_CODES } from 'node:http'
import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import type { UpstreamResponse, WireError } from '../protocol/record.ts'
import { isVisitor } from './caller.ts'
import type { Changes } from './changes.ts'
import { findRule } from './key-rules.ts'
import type { Key } from './keys.ts'
import type { Logger } from './options.ts'
import type { Outcome, Records, StoredRecord } from './records.ts'
import { createRedactor } from './redact.ts'
import { substitute } from './substitute.ts'
import { isText, type Upstream, type UpstreamAnswer } from './upstream.ts'

export interface Runner {
  /** Runs a record that waits. Never rejects. */
  run: (id: string) => Promise<void>
  /** What becomes of a record whose run did not end: run again, or failed because the upstream may have acted. */
  settleInterrupted: (record: StoredRecord) => Promise<'pending' | 'failed'>
  /** Ends the call of a record, if it is under way here. */
  cancel: (id: string) => void
  /** Ends all calls that are under way. */
  abort: () => void
}

interface RunnerParts {
  keys: Map<string, Key>
  upstream: Upstream
  records: Records
  changes: Changes
  logger: Logger
}

/** The one way from a record to the upstream and back, for direct, queued and repeated requests alike. */
export function createRunner({ keys, upstream, records, changes, logger }: RunnerParts): Runner {
  const stopping = new AbortController()
  const underWay = new Map<string, AbortController>()

  async function run(id: string): Promise<void> {
    const cancelling = new AbortController()
    // Known before the record is marked as running, so that there is no moment at which it cannot be cancelled.
    underWay.set(id, cancelling)
    try {
      const record = await records.start(id)
      if (!record) return
      changes.announce(id)
      const outcome = await outcomeOf(record, AbortSignal.any([stopping.signal, cancelling.signal]))
      if (stopping.signal.aborted && outcome.error?.code === 'ABORTED') await settleInterrupted(record)
      else await records.settle(id, outcome)
      changes.announce(id, record.queueKey)
    } catch (error) {
      logger.error({ id, err: error }, 'a request could not be begun or ended in the records')
      changes.announce(id)
    } finally {
      underWay.delete(id)
    }
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

  async function settleInterrupted(record: StoredRecord): Promise<'pending' | 'failed'> {
    const { method, clientSecretName } = record.request
    const repeatable = method !== 'POST' && method !== 'PATCH'
    if (repeatable || isRetryable(keys.get(clientSecretName), record)) {
      await records.handBack(record.id)
      return 'pending'
    }
    const message = `The relay stopped while the API was being called, so the ${method} may have had its effect or not. It is not sent again by itself; look at the API before you do.`
    await records.settle(record.id, { status: 'failed', error: { code: 'INTERRUPTED', message } })
    return 'failed'
  }

  return {
    run,
    settleInterrupted,
    cancel: (id) => underWay.get(id)?.abort(),
    abort: () => stopping.abort(),
  }
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
  const retryAfter = secondsOf(headers['retry-after'])
  return {
    code: 'UPSTREAM_ERROR',
    message:
      `The API answered ${status} ${STATUS_CODES[status] ?? ''}`.trim() +
      (said ? `: ${said}` : ". Its answer is in the error's data."),
    status,
    retryAfter,
  }
}

/** Seconds of a Retry-After header: a number of them, or a date. */
function secondsOf(header: string | undefined): number | undefined {
  if (header === undefined) return undefined
  const seconds = /^\d{1,9}$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined
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
