import type { UpstreamResponse } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { findRule, isAllowed } from './key-rules.ts'
import type { Key, Keys, KeyValue } from './keys.ts'
import type { Redactor } from './redact.ts'
import { mostRedirects, redirected } from './redirect.ts'
import { isOnceOnly } from './retryable.ts'
import { substitute } from './substitute.ts'
import { isText, type Upstream, type UpstreamAnswer } from './upstream.ts'

/** Bytes of bodies, to the upstream and from it. */
export interface Traffic {
  sent: number
  received: number
  /** How often the secret went out. */
  calls: number
}

interface Circumstances {
  upstream: Upstream
  keys: Pick<Keys, 'get' | 'worked'>
  /** The same over all runs of a request, so that an API can tell a second run of it from a second request. */
  idempotencyKey: string
  signal: AbortSignal
  /** Counted as it goes. */
  traffic: Traffic
}

/**
 * The one function that prepares a call of an upstream: rules, then the secret,
 * then the call, then redaction; and the same again for each redirect.
 *
 * @throws ClientSecretError why there is no answer.
 */
export async function call(
  key: Key,
  request: ClientSecretRequest,
  circumstances: Circumstances,
  redirectsLeft = mostRedirects,
): Promise<UpstreamResponse> {
  const answer = await answered(key, request, circumstances)
  const response = redacted(answer, key.redactor)
  const next = redirected(request, response.status, response.headers['location'])
  // A redirect that is not followed is the answer.
  if (!next || redirectsLeft === 0 || !isAllowed(key, next)) return response
  return call(key, next, circumstances, redirectsLeft - 1)
}

/**
 * Where a key has two values and the API refuses the one with a 401, it is asked
 * once more with the other: it has not acted, so that also a POST may be sent
 * again. That is so of this one call, and not of a redirect that led to it.
 */
async function answered(key: Key, request: ClientSecretRequest, circumstances: Circumstances): Promise<UpstreamAnswer> {
  const [value, other] = key.values
  const answer = await attempt(key, value!, request, circumstances)
  if (answer.status !== 401 || !other) return answer
  // It may have been changed meanwhile, and what looks for its values in the answer is made for these two.
  const now = circumstances.keys.get(key.name)
  if (!now || !hasValues(now, key) || (now.locked && !key.locked) || !isAllowed(now, request)) return answer
  const otherAnswer = await attempt(now, other, request, circumstances)
  if (otherAnswer.status === 401) return answer
  if (otherAnswer.status < 400) circumstances.keys.worked(key.name, other.version)
  return otherAnswer
}

/** In whatever order. */
function hasValues(key: Key, { values }: Key): boolean {
  const secrets = key.values.map(({ secret }) => secret)
  return secrets.length === values.length && values.every(({ secret }) => secrets.includes(secret))
}

async function attempt(
  key: Key,
  { secret }: KeyValue,
  request: ClientSecretRequest,
  { upstream, idempotencyKey, signal, traffic }: Circumstances,
): Promise<UpstreamAnswer> {
  const { places, allowPrivateNetwork, retryable } = findRule(key.name, key.rules, request)
  const prepared = substitute(request, secret, places)
  if (retryable && isOnceOnly(request.method)) prepared.headers['idempotency-key'] ??= idempotencyKey
  traffic.sent += Buffer.byteLength(prepared.body ?? '')
  traffic.calls += 1
  const answer = await upstream.call(prepared, { allowPrivateNetwork, signal })
  traffic.received += answer.body.length
  return answer
}

function redacted({ status, headers, body }: UpstreamAnswer, redactor: Redactor): UpstreamResponse {
  const clean = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [redactor.text(name), redactor.text(value)]),
  )
  return isText(body, headers['content-type'])
    ? { status, headers: clean, body: redactor.text(body.toString('utf8')) }
    : { status, headers: clean, body: redactor.bytes(body).toString('base64'), encoding: 'base64' }
}
