import { isUtf8 } from 'node:buffer'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UpstreamResponse } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { findRule, isAllowed } from '../keys/key-rules.ts'
import type { Key, Keys, KeyValue } from '../keys/key.ts'
import { redactBody, type Redactor } from '../keys/redaction/redactor.ts'
import { maxRedirects, redirected, withPlaceholders } from './redirect.ts'
import type { RightToCall } from './right-to-call.ts'
import type { Tokens } from './tokens.ts'
import { isNonIdempotent } from './safe-to-retry.ts'
import { signCall } from './sign-call.ts'
import { substitute } from './substitute.ts'
import { refuseConcealedSecrets } from './undeclared-compression.ts'
import { comesInEvents, redactPieces } from './delta-redactor.ts'
import { isText, type UpstreamAnswer } from './answer-head.ts'
import type { Upstream } from './http-client.ts'

/** Bytes of bodies, to the upstream and from it. */
export interface Traffic {
  sent: number
  received: number
  /** How often the secret went out. */
  calls: number
}

/** Milliseconds in which an API may be learning of the value that the relay was given. */
const freshFor = 10_000

/** Bytes. */
const largeBody = 1_000_000

export interface Circumstances {
  upstream: Pick<Upstream, 'call'>
  tokens: Tokens
  keys: Pick<Keys, 'get' | 'getNewest' | 'worked'>
  /** All values of all keys. An API may show what it got under another key too: in a list of calls, say. */
  secrets: Redactor
  /** Told of a value before it goes out. */
  hold: (value: KeyValue) => void
  /** Largest answer in bytes, counted after decompression. */
  responseBytes: number
  /** The same over all runs of a request, so that an API can tell a second run of it from a second request. */
  idempotencyKey: string
  signal: AbortSignal
  /** For the answer. */
  room: Room
  right: RightToCall
  /** Counted as it goes. */
  traffic: Traffic
}

/** What an API has answered to one value of a key. */
interface Answered {
  answer: UpstreamAnswer
  value: KeyValue
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
  redirectsLeft = maxRedirects,
): Promise<UpstreamResponse> {
  const answered = await askedWithEachValue(key, request, circumstances)
  const next = nextRequest(request, answered, circumstances)
  const now = circumstances.keys.get(key.name)
  // A redirect that is not followed is the answer.
  if (!next || redirectsLeft === 0 || !mayStill(now, key, next)) return redacted(answered.answer, circumstances)
  return call(now, next, circumstances, redirectsLeft - 1)
}

/** Where a redirect leads; null where it is none, or where a secret stands in it in another way than rules can judge. */
function nextRequest(
  request: ClientSecretRequest,
  { answer, value }: Answered,
  { secrets }: Circumstances,
): ClientSecretRequest | null {
  const { location } = answer.headers
  const next = redirected(request, answer.status, location && withPlaceholders(location, value))
  return next && secrets.text(next.url) === next.url ? next : null
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
async function askedWithEachValue(
  key: Key,
  request: ClientSecretRequest,
  circumstances: Circumstances,
): Promise<Answered> {
  const { keys } = circumstances
  const [first] = key.values
  const refusal = await attempt(key, first!, request, circumstances)
  if (refusal.answer.status !== 401) return refusal
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
    const answered = await attempt(now, value, request, circumstances)
    const { status } = answered.answer
    if (status < 400) keys.worked(now.name, value.version)
    if (status !== 401) return answered
    tried.push(value.secret)
  }
  return refusal
}

/** With the token of a value, where the key has one; and with another one, where the API refuses that: it may have ended sooner than was said. */
async function attempt(
  key: Key,
  value: KeyValue,
  request: ClientSecretRequest,
  circumstances: Circumstances,
): Promise<Answered> {
  const { tokens, signal } = circumstances
  const filled = await tokens.fill(key, value, signal)
  const answered = await ask(key, filled, request, circumstances)
  if (filled === value || answered.answer.status !== 401) return answered
  tokens.refused(value, filled.secret)
  return ask(key, await tokens.fill(key, value, signal), request, circumstances)
}

async function ask(
  key: Key,
  value: KeyValue,
  request: ClientSecretRequest,
  { upstream, hold, idempotencyKey, signal, room, right, traffic }: Circumstances,
): Promise<Answered> {
  const rule = findRule(key.name, key.rules, request)
  const { allowPrivateNetwork, retryable } = rule
  const signed = key.sign && (await signCall(key.sign, value, request, rule))
  const prepared = signed?.call ?? substitute(request, value, rule)
  // Some signatures are good for another call too.
  if (signed) hold({ version: value.version, secret: signed.signature })
  if (retryable && isNonIdempotent(request.method)) prepared.headers['idempotency-key'] ??= idempotencyKey
  hold(value)
  traffic.sent += Buffer.byteLength(prepared.body ?? '')
  traffic.calls += 1
  const answer = await upstream.call(prepared, { allowPrivateNetwork, signal, room, right })
  traffic.received += answer.body.length
  return { answer, value }
}

async function redacted(
  { status, headers, body }: UpstreamAnswer,
  { secrets, responseBytes }: Circumstances,
): Promise<UpstreamResponse> {
  const type = headers['content-type']
  await refuseConcealedSecrets(body, type, { secrets, maxBytes: responseBytes })
  // Texts in pieces first: the other search would leave holes in them.
  const joined = comesInEvents(type) && isUtf8(body) ? await redactPieces(secrets, body) : body
  const clean = await redactBody(secrets, joined)
  // To read 10 MiB as text takes as long as anybody else should have to wait.
  if (clean.length > largeBody) await nextTurn()
  const isReadable = isText(clean, type)
  return {
    status,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [secrets.text(name), secrets.text(value)]),
    ),
    body: clean.toString(isReadable ? 'utf8' : 'base64'),
    ...(!isReadable && { encoding: 'base64' }),
  }
}
