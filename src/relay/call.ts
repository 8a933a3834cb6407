import type { UpstreamResponse } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { findRule, isAllowed } from './key-rules.ts'
import type { Key } from './keys.ts'
import type { Redactor } from './redact.ts'
import { mostRedirects, redirected } from './redirect.ts'
import { isOnceOnly } from './retryable.ts'
import { substitute } from './substitute.ts'
import { isText, type Upstream, type UpstreamAnswer } from './upstream.ts'

/** Bytes of bodies, to the upstream and from it. */
export interface Traffic {
  sent: number
  received: number
}

interface Circumstances {
  upstream: Upstream
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
  const { upstream, idempotencyKey, signal, traffic } = circumstances
  const { places, allowPrivateNetwork, retryable } = findRule(key.name, key.rules, request)
  const prepared = substitute(request, key.secret, places)
  if (retryable && isOnceOnly(request.method)) prepared.headers['idempotency-key'] ??= idempotencyKey
  traffic.sent += Buffer.byteLength(prepared.body ?? '')
  const answer = await upstream.call(prepared, { allowPrivateNetwork, signal })
  traffic.received += answer.body.length
  const response = redacted(answer, key.redactor)
  const next = redirected(request, response.status, response.headers['location'])
  // A redirect that is not followed is the answer.
  if (!next || redirectsLeft === 0 || !isAllowed(key, next)) return response
  return call(key, next, circumstances, redirectsLeft - 1)
}

function redacted({ status, headers, body }: UpstreamAnswer, redactor: Redactor): UpstreamResponse {
  const clean = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [redactor.text(name), redactor.text(value)]),
  )
  return isText(body, headers['content-type'])
    ? { status, headers: clean, body: redactor.text(body.toString('utf8')) }
    : { status, headers: clean, body: redactor.bytes(body).toString('base64'), encoding: 'base64' }
}
