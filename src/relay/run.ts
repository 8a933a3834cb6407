import { STATUS_CODES } from 'node:http'
import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import type { UpstreamResponse, WireError } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { isVisitor } from './caller.ts'
import type { Changes } from './changes.ts'
import { findRule, isAllowed } from './key-rules.ts'
import type { Key } from './keys.ts'
import type { Journal } from './journal.ts'
import type { Limits } from './limits.ts'
import type { Logger } from './options.ts'
import type { Outcome, Records, StoredRecord } from './records.ts'
import type { Redactor } from './redact.ts'
import { mostRedirects, redirected } from './redirect.ts'
import { substitute } from './substitute.ts'
import { isText, type Upstream, type UpstreamAnswer } from './upstream.ts'

export interface Runner {
  /** Runs a record that waits. Never rejects. */
  run: (id: string) => Promise<void>
  /** What becomes of a record whose run did not end: run again, or failed because the upstream may have acted. */
  settleInterrupted: (record: StoredRecord) => Promise<'pending' | 'failed'>
  /** Ends the call of a record, if it is under way here. */
  cancel: (id: string) => void
  /** Ends the call of a direct request that nobody waits for any more. */
  desert: (id: string) => void
  /** Ends all calls that are under way. */
  abort: () => void
}

interface RunnerParts {
  keys: Map<string, Key>
  upstream: Upstream
  records: Records
  changes: Changes
  limits: Limits
  journal: Journal
  logger: Logger
}

/** The one way from a record to the upstream and back, for direct, queued and repeated requests alike. */
export function createRunner({ keys, upstream, records, changes, limits, journal, logger }: RunnerParts): Runner {
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
      const traffic: Traffic = { sent: 0, received: 0 }
      const startedAt = performance.now()
      const outcome = await outcomeOf(record, AbortSignal.any([stopping.signal, cancelling.signal]), traffic)
      const took = performance.now() - startedAt
      if (stopping.signal.aborted && outcome.error?.code === 'ABORTED') await settleInterrupted(record)
      else if (!(await records.settle(id, outcome))) outcome.status = 'cancelled'
      changes.announce(id, record.queueKey)
      tell(record, outcome, took, traffic)
      await limits.countAnswer(record.owner, record.request.clientSecretName, traffic.received)
    } catch (error) {
      logger.error({ id, err: error }, 'a request could not be begun or ended in the records')
      changes.announce(id)
    } finally {
      underWay.delete(id)
    }
  }

  async function outcomeOf(record: StoredRecord, signal: AbortSignal, traffic: Traffic): Promise<Outcome> {
    const { request } = record
    // Asked again, because a key or its rules may have changed while the request waited.
    const key = keys.get(request.clientSecretName)
    if (!key) return { status: 'failed', error: wireError(keyNotFound(request.clientSecretName)) }
    const { redactor } = key
    try {
      if (key.locked && isVisitor(record.owner)) throw signInRequired(key.name)
      const response = await callUpstream(key, request, signal, traffic)
      return response.status >= 400
        ? { status: 'failed', response, error: upstreamFailure(response) }
        : { status: 'resolved', response }
    } catch (thrown) {
      const error = asClientSecretError(thrown)
      const message = redactor.text(error.message)
      if (error.code !== 'INTERNAL') return { status: 'failed', error: { ...wireError(error), message } }
      logger.error(
        { id: record.id, message, stack: redactor.text(error.stack ?? '') },
        'a request failed for an unforeseen reason',
      )
      return { status: 'failed', error: { code: 'INTERNAL', message: unforeseen(record.id) } }
    }
  }

  /** The one function that prepares a call: rules, then the secret, then the upstream, then redaction. */
  async function callUpstream(
    key: Key,
    request: ClientSecretRequest,
    signal: AbortSignal,
    traffic: Traffic,
    redirectsLeft = mostRedirects,
  ): Promise<UpstreamResponse> {
    const { places, allowPrivateNetwork } = findRule(key.name, key.rules, request)
    const call = substitute(request, key.secret, places)
    traffic.sent += Buffer.byteLength(call.body ?? '')
    const answer = await upstream.call(call, { allowPrivateNetwork, signal })
    traffic.received += answer.body.length
    const response = redacted(answer, key.redactor)
    const next = redirected(request, response.status, response.headers['location'])
    // A redirect that is not followed is the answer.
    if (!next || redirectsLeft === 0 || !isAllowed(key, next)) return response
    return callUpstream(key, next, signal, traffic, redirectsLeft - 1)
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

  function tell(record: StoredRecord, outcome: Outcome, took: number, { sent, received }: Traffic): void {
    journal.ran({
      requestId: record.id,
      key: record.request.clientSecretName,
      method: record.request.method,
      host: new URL(record.request.url).host,
      outcome: outcome.status,
      status: outcome.response?.status,
      code: outcome.error?.code,
      // The record was changed last when it was made running.
      waited: record.updatedAt - record.createdAt,
      took: Math.round(took * 10) / 10,
      requestBytes: sent,
      responseBytes: received,
    })
  }

  return {
    run,
    settleInterrupted,
    cancel: (id) => underWay.get(id)?.abort(),
    desert: (id) => underWay.get(id)?.abort(deserted()),
    abort: () => stopping.abort(),
  }
}

/** Bytes of bodies, to the upstream and from it. */
interface Traffic {
  sent: number
  received: number
}

function deserted(): ClientSecretError {
  return new ClientSecretError(
    'ABORTED',
    'Nobody waited for the answer any more, so the call of the API was ended. The API may have acted on it already.',
  )
}

function isRetryable(key: Key | undefined, { request }: StoredRecord): boolean {
  return key !== undefined && isAllowed(key, request) && findRule(key.name, key.rules, request).retryable
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

function redacted({ status, headers, body }: UpstreamAnswer, redactor: Redactor): UpstreamResponse {
  const clean = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [redactor.text(name), redactor.text(value)]),
  )
  return isText(body, headers['content-type'])
    ? { status, headers: clean, body: redactor.text(body.toString('utf8')) }
    : { status, headers: clean, body: redactor.bytes(body).toString('base64'), encoding: 'base64' }
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
