import { createPrivateKey } from 'node:crypto'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { replacePlaceholder } from '../../protocol/placeholder.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { privateKeyOf, type TokenOptions } from '../keys/token-options.ts'
import { timedOut } from './call-errors.ts'
import type { Upstream } from './http-client.ts'
import type { UpstreamCall } from './substitute.ts'

/** A token and its expiry, in milliseconds since 1970. */
export interface Minted {
  token: string
  expiresAt: number
}

/** The server of the tokens answered, and gave none: with the same secret, it would refuse another relay too. */
export class ExchangeRefused extends ClientSecretError {}

const defaultLifetime = 300
/** Milliseconds. All calls with the key wait for an exchange. */
const maxExchange = 30_000
const grantOfJwt = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** Of RFC 6749 (5.2), and of those that extend it: RFC 8628, 8707, 9449 and OpenID Connect. */
const oauthErrors = [
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
  'slow_down',
  'invalid_target',
  'invalid_dpop_proof',
  'use_dpop_nonce',
  'interaction_required',
  'consent_required',
]

/** The exchange belongs to no caller, and its answer has only a few hundred bytes. */
const ownRoom: Room = { demand: () => {}, wait: async () => {}, hold: () => {}, leave: () => {} }
const ownRight = { isFresh: () => true, ensure: async () => {} }

/**
 * Makes a token from a secret: signs it, or exchanges the secret for it. The address passes the same checks as any
 * other address.
 *
 * @throws ClientSecretError `TOKEN_FAILED`. The message names the cause, and quotes neither the call nor the answer.
 */
export async function mintToken(
  keyName: string,
  options: TokenOptions,
  secret: string,
  upstream: Pick<Upstream, 'call'>,
  signal: AbortSignal,
): Promise<Minted> {
  const { url, allowPrivateNetwork = false, expiresIn = defaultLifetime } = options
  if (url === undefined) return { token: await sign(options, secret), expiresAt: Date.now() + expiresIn * 1000 }
  const sentence = (cause: string) => `The relay could not get a token for the key "${keyName}": ${cause}`
  const refusal = (cause: string) => new ExchangeRefused('TOKEN_FAILED', sentence(cause))
  const tooLong = new AbortController()
  const timer = setTimeout(() => tooLong.abort(timedOut(new URL(url), maxExchange)), maxExchange).unref()
  let answer
  try {
    answer = await upstream.call(await exchangeOf(options, url, secret), {
      allowPrivateNetwork,
      signal: AbortSignal.any([signal, tooLong.signal]),
      room: ownRoom,
      right: ownRight,
    })
  } catch (error) {
    if (!isClientSecretError(error)) throw error
    throw new ClientSecretError('TOKEN_FAILED', sentence(error.message))
  } finally {
    clearTimeout(timer)
  }
  const { host } = new URL(url)
  const said = fieldsOf(answer.body)
  if (answer.status >= 300) {
    // A server may copy other text from the call, also the secret.
    const reason = oauthErrors.find((name) => name === said['error'])
    throw refusal(
      `${host} answered ${answer.status}${reason ? ` (${reason})` : ''}. Check its secret and the options of keys.${keyName}.token.`,
    )
  }
  const token = options.field === undefined ? (said['access_token'] ?? said['token']) : said[options.field]
  if (typeof token !== 'string' || !/^[\x21-\x7e]{8,16384}$/.test(token))
    throw refusal(`the answer of ${host} contains no token. Name its field in keys.${keyName}.token.field.`)
  return { token, expiresAt: expiryOf(said) ?? Date.now() + expiresIn * 1000 }
}

/** The call that exchanges the secret. */
async function exchangeOf(options: TokenOptions, url: string, secret: string): Promise<UpstreamCall> {
  const { grant, clientId = '', scope, audience, body = {} } = options
  const call = (headers: Record<string, string>, text: string | null): UpstreamCall => ({
    method: 'POST',
    url: new URL(url),
    headers: { accept: 'application/json', ...headers },
    body: text,
  })
  const form = (fields: Record<string, string | undefined>, headers: Record<string, string> = {}) =>
    call(
      { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      new URLSearchParams(Object.entries(fields).filter((pair): pair is [string, string] => !!pair[1])).toString(),
    )
  if (grant === 'login') {
    const filled = Object.entries(body).map(([name, text]) => [name, replacePlaceholder(text, secret)])
    return call({ 'content-type': 'application/json' }, JSON.stringify(Object.fromEntries(filled)))
  }
  if (grant === 'jwt-bearer') {
    const assertion = await sign(options, secret)
    if (options.auth === 'bearer') return call({ authorization: `Bearer ${assertion}` }, null)
    return form({ grant_type: grantOfJwt, assertion })
  }
  const fields = { grant_type: grant, scope, audience }
  if (options.auth === 'body') return form({ ...fields, client_id: clientId, client_secret: secret })
  // RFC 6749: both are form-encoded first.
  const encode = (text: string) => new URLSearchParams([['', text]]).toString().slice(1)
  const basic = Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString('base64')
  return form(fields, { authorization: `Basic ${basic}` })
}

/** A JWT, signed with a private key. */
async function sign(options: TokenOptions, secret: string): Promise<string> {
  const {
    algorithm = 'RS256',
    keyId,
    clientId,
    subject,
    scope,
    url,
    audience = url,
    expiresIn = defaultLifetime,
  } = options
  const { SignJWT } = await import('jose')
  // One minute in the past, as GitHub advises, because clocks differ.
  const now = Math.floor(Date.now() / 1000) - 60
  const jwt = new SignJWT(scope === undefined ? {} : { scope })
    .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) })
    .setIssuedAt(now)
    .setExpirationTime(now + 60 + expiresIn)
  if (clientId !== undefined) jwt.setIssuer(clientId)
  if (subject !== undefined) jwt.setSubject(subject)
  if (audience !== undefined) jwt.setAudience(audience)
  return jwt.sign(createPrivateKey(privateKeyOf(secret)))
}

function fieldsOf(body: Buffer): Record<string, unknown> {
  try {
    return Object(JSON.parse(body.toString())) as Record<string, unknown>
  } catch {
    return {}
  }
}

/** Reads `expires_in` in seconds, or `expires_at` as a date. */
function expiryOf(said: Record<string, unknown>): number | undefined {
  const seconds = Number(said['expires_in'])
  if (seconds > 0) return Date.now() + seconds * 1000
  const at = said['expires_at']
  const date = typeof at === 'string' ? Date.parse(at) : NaN
  return Number.isNaN(date) ? undefined : date
}
