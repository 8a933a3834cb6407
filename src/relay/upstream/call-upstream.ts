import { isUtf8 } from 'node:buffer'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UpstreamResponse } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { findRule, isAllowed } from '../keys/key-rules.ts'
import { secretsOf, type Key, type Keys, type KeyValue } from '../keys/key.ts'
import { redactBody, type Redactor } from '../keys/redaction/redactor.ts'
import { maxRedirects, redirected, withPlaceholders } from './redirect.ts'
import { isSentOnce, withRawBody, type RawBody, type RawUpstreamCall } from './raw-body.ts'
import type { RightToCall } from './right-to-call.ts'
import type { Tokens } from './tokens.ts'
import { isWithoutConnection } from './call-errors.ts'
import { ExchangeRefused } from './mint-token.ts'
import { isNonIdempotent } from './safe-to-retry.ts'
import { signCall, type SigningKey } from './sign-call.ts'
import { substitute } from './substitute.ts'
import { refuseConcealedSecrets } from './undeclared-compression.ts'
import { comesInEvents, redactPieces } from './delta-redactor.ts'
import { isText, type UpstreamAnswer } from './answer-head.ts'
import type { Upstream } from './http-client.ts'

/** Bytes of the bodies sent to the upstream and received from it. */
export interface Traffic {
  sent: number
  received: number
  /** The number of calls that carried the secret. */
  calls: number
  /** Whether the last call had no connection, so that the API cannot have acted. */
  isUnreached?: boolean
  /** Looks at the bytes of an answer. */
  read?: ((bytes: Buffer) => void) | undefined
}

/** Milliseconds that an API may need until it accepts a new value. */
const freshFor = 10_000

/** Bytes. */
const largeBody = 1_000_000

export interface Circumstances {
  upstream: Pick<Upstream, 'call'>
  tokens: Tokens
  keys: Pick<Keys, 'get' | 'getNewest' | 'worked'>
  /** All values of all keys. An API may also show the value of another key, such as in a list of calls. */
  secrets: Redactor
  /** Called with a value before the relay sends it. */
  hold: (value: KeyValue) => void
  /** Largest answer in bytes, counted after decompression. */
  responseBytes: number
  /** The same for all runs of a request, so that an API recognises a second run. */
  idempotencyKey: string
  signal: AbortSignal
  /** Memory for the answer. */
  room: Room
  right: RightToCall
  /** The trace headers for a call of this url, in place of those of the request; undefined for none. */
  traceHeaders?: (url: URL) => Record<string, string> | undefined
  /** A body outside of the request. It is dropped when the call no longer needs it. */
  raw?: { readonly body: RawBody | null } | undefined
  /** The call adds to these counts. */
  traffic: Traffic
}

/** An API's answer to one value of a key. */
interface Answered {
  answer: UpstreamAnswer
  value: KeyValue
}

/**
 * The one function that calls an upstream: it checks the rules, inserts the secret,
 * makes the call and redacts the answer. It does the same for each redirect.
 *
 * @throws ClientSecretError if there is no answer. Its code and message say why.
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
  // If the relay does not follow a redirect, the redirect is the answer.
  if (!next || redirectsLeft === 0 || !mayStill(now, key, next)) return redacted(answered.answer, circumstances)
  return call(now, next, circumstances, redirectsLeft - 1)
}

/** The request that a redirect leads to. Null without a redirect, or if its url contains a secret that the rules cannot check. */
function nextRequest(
  request: ClientSecretRequest,
  { answer, value }: Answered,
  { secrets, raw }: Circumstances,
): ClientSecretRequest | null {
  const { location } = answer.headers
  const next = redirected(request, answer.status, location && withPlaceholders(location, value))
  if (isSentOnce(raw?.body) && next?.method !== 'GET') return null
  return next && secrets.text(next.url) === next.url ? next : null
}

/** Whether the key still allows this request. An administrator may have removed, locked or changed the key since its lookup. */
function mayStill(now: Key | undefined, before: Key, request: ClientSecretRequest): now is Key {
  return now !== undefined && (!now.locked || before.locked) && isAllowed(now, request)
}

/**
 * If the API refuses the value of a key with a 401, or gives no token for it, the relay tries again: with the
 * other valid value, then with a value that another relay received in the meantime.
 * While a new value is fresh, the relay then tries the first one once more, because
 * the API may accept it by now. After a 401 the API has not acted, so the relay may
 * also repeat a POST. This applies to this one call, not to a redirect before it.
 */
async function askedWithEachValue(
  key: Key,
  request: ClientSecretRequest,
  circumstances: Circumstances,
): Promise<Answered> {
  const { keys, raw } = circumstances
  const [first] = key.values
  const refusal = await attempt(key, first!, request, circumstances).catch(refusedExchange)
  const textOf = (value: KeyValue) => secretsOf(value).join('\n')
  const tried = [textOf(first!)]
  const untried = ({ values }: Key) => values.find((value) => !tried.includes(textOf(value)))
  const fresh = ({ values, changedAt = 0 }: Key) =>
    values.length > 1 && Date.now() - changedAt < freshFor ? values[0] : undefined
  let last = refusal
  for (const [find, choose] of [
    [keys.get, untried],
    [keys.getNewest, untried],
    [keys.get, fresh],
  ] as const) {
    if (!isRefused(last) || (wasSent(last) && isSentOnce(raw?.body))) break
    const now = await find(key.name)
    if (!mayStill(now, key, request)) continue
    const value = choose(now)
    if (!value) continue
    last = await attempt(now, value, request, circumstances).catch(refusedExchange)
    if (wasSent(last) && last.answer.status < 400) keys.worked(now.name, value.version)
    tried.push(textOf(value))
  }
  const answered = isRefused(last) ? refusal : last
  if (wasSent(answered)) return answered
  throw answered
}

const wasSent = (one: Answered | ExchangeRefused): one is Answered => !(one instanceof ExchangeRefused)
const isRefused = (one: Answered | ExchangeRefused) => !wasSent(one) || one.answer.status === 401

/** The server of the tokens may refuse a value as the API does. */
function refusedExchange(error: unknown): ExchangeRefused {
  if (error instanceof ExchangeRefused) return error
  throw error
}

/** Uses the token of a value, if the key has one. If the API refuses the token, tries a new one: a token may expire early. */
async function attempt(
  key: Key,
  value: KeyValue,
  request: ClientSecretRequest,
  circumstances: Circumstances,
): Promise<Answered> {
  const { tokens, signal, raw } = circumstances
  const filled = await tokens.fill(key, value, signal)
  const answered = await ask(key, filled, request, circumstances)
  if (filled === value || answered.answer.status !== 401) return answered
  if (!tokens.refused(value, filled.secret) || isSentOnce(raw?.body)) return answered
  return ask(key, await tokens.fill(key, value, signal), request, circumstances)
}

async function ask(
  key: Key,
  value: KeyValue,
  request: ClientSecretRequest,
  { upstream, hold, idempotencyKey, signal, room, right, traceHeaders, raw, traffic }: Circumstances,
): Promise<Answered> {
  const rule = findRule(key, request)
  const { allowPrivateNetwork, retryable } = rule
  const body = raw?.body ?? null
  const signed = key.sign && (await signCall(key as SigningKey, value, request, rule, body))
  const outgoing = signed?.call ?? withRawBody(substitute(request, value, rule), body)
  // Some signatures are valid for another call too.
  if (signed) hold({ version: value.version, secret: signed.signature })
  if (retryable && isNonIdempotent(request.method)) outgoing.headers['idempotency-key'] ??= idempotencyKey
  hold(value)
  traffic.calls += 1
  // After the signature, which does not cover the trace.
  const sent = counted(traced(outgoing, traceHeaders?.(outgoing.url)), traffic)
  const answer = await upstream.call(sent, { allowPrivateNetwork, signal, room, right }).catch((error: Error) => {
    traffic.isUnreached = isWithoutConnection(error)
    throw error
  })
  traffic.received += answer.body.length
  traffic.read?.(answer.body)
  return { answer, value }
}

function traced(call: RawUpstreamCall, trace: Record<string, string> | undefined): RawUpstreamCall {
  if (!trace) return call
  const { traceparent: _parent, tracestate: _state, ...headers } = call.headers
  return { ...call, headers: { ...headers, ...trace } }
}

/** Counts the bytes of a body. */
function counted(call: RawUpstreamCall, traffic: Traffic): RawUpstreamCall {
  const { body } = call
  if (!isSentOnce(body)) {
    traffic.sent += Buffer.byteLength(body ?? '')
    return call
  }
  const iterate = async function* () {
    for await (const piece of body) {
      traffic.sent += piece.length
      yield piece
    }
  }
  return { ...call, body: { size: body.size, [Symbol.asyncIterator]: iterate } }
}

async function redacted(
  { status, headers, body }: UpstreamAnswer,
  { secrets, responseBytes }: Circumstances,
): Promise<UpstreamResponse> {
  const type = headers['content-type']
  await refuseConcealedSecrets(body, type, { secrets, maxBytes: responseBytes })
  // Texts in pieces come first, because the other search leaves gaps in them.
  const joined = comesInEvents(type) && isUtf8(body) ? await redactPieces(secrets, body) : body
  const clean = await redactBody(secrets, joined)
  // Reading 10 MiB as text blocks other requests, so they get a turn first.
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
