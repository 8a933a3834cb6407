import type { UpstreamResponse } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import type { Room } from './in-flight.ts'
import { findRule, isAllowed } from './key-rules.ts'
import type { Key, Keys, KeyValue } from './keys.ts'
import { allOf, type Redactor } from './redact.ts'
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

/** Milliseconds in which an API may be learning of the value that the relay was given. */
const freshFor = 10_000

interface Circumstances {
  upstream: Upstream
  keys: Pick<Keys, 'get' | 'getNewest' | 'at' | 'worked'>
  /** The same over all runs of a request, so that an API can tell a second run of it from a second request. */
  idempotencyKey: string
  signal: AbortSignal
  /** For the answer. */
  room: Room
  /** Counted as it goes. */
  traffic: Traffic
  /** Added to as it goes: what comes back, an error too, has to be looked through for every value that may have gone out. */
  redactors: Set<Redactor>
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
  const response = redacted(answer, allOf(circumstances.redactors))
  const next = redirected(request, response.status, response.headers['location'])
  const now = circumstances.keys.get(key.name)
  // A redirect that is not followed is the answer.
  if (!next || redirectsLeft === 0 || !mayStill(now, key, next)) return response
  return call(now, next, circumstances, redirectsLeft - 1)
}

/** Whether a key lets this be sent too: since it was looked up it may have been removed, or changed in where it may go and who may use it. */
function mayStill(now: Key | undefined, before: Key, request: ClientSecretRequest): now is Key {
  return now !== undefined && (!now.locked || before.locked) && isAllowed(now, request)
}

/**
 * Where the API refuses the value of a key with a 401, it is asked again with
 * the other one that is live, then with one that another relay may have been
 * given since, and while a new value is fresh once more with the first: the API
 * may have learned of it after it refused. It has not acted, so that also a POST
 * may be sent again. That is so of this one call, and not of a redirect that led
 * to it.
 */
async function answered(key: Key, request: ClientSecretRequest, circumstances: Circumstances): Promise<UpstreamAnswer> {
  const { keys } = circumstances
  const [first] = key.values
  const refusal = await attempt(key, first!, request, circumstances)
  if (refusal.status !== 401) return refusal
  const tried = [first!.secret]
  const untried = ({ values }: Key) => values.find(({ secret }) => !tried.includes(secret))
  const fresh = ({ values, changedAt = 0 }: Key) =>
    values.length > 1 && Date.now() - changedAt < freshFor ? values[0] : undefined
  for (const [find, choose] of [
    [keys.get, untried],
    [keys.getNewest, untried],
    [keys.get, fresh],
  ] as const) {
    const now = await find(key.name)
    if (!mayStill(now, key, request)) continue
    const value = choose(now)
    if (!value) continue
    const answer = await attempt(now, value, request, circumstances)
    if (answer.status < 400) keys.worked(now.name, value.version)
    if (answer.status !== 401) return answer
    tried.push(value.secret)
  }
  return refusal
}

async function attempt(
  key: Key,
  { secret }: KeyValue,
  request: ClientSecretRequest,
  { upstream, keys, idempotencyKey, signal, room, traffic, redactors }: Circumstances,
): Promise<UpstreamAnswer> {
  redactors.add(key.redactor)
  const { places, allowPrivateNetwork, retryable } = findRule(key.name, key.rules, request)
  const prepared = substitute(request, secret, places)
  // What goes there under other keys the API may show too: in a list of calls, say.
  for (const { redactor } of keys.at(prepared.url)) redactors.add(redactor)
  if (retryable && isOnceOnly(request.method)) prepared.headers['idempotency-key'] ??= idempotencyKey
  traffic.sent += Buffer.byteLength(prepared.body ?? '')
  traffic.calls += 1
  const answer = await upstream.call(prepared, { allowPrivateNetwork, signal, room })
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
