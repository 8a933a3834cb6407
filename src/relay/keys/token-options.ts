import { createPrivateKey } from 'node:crypto'
import { isObject } from '../../protocol/invalid-parameter.ts'
import { configError, fieldMustBe, type ErrorContext } from '../common/config-error.ts'

const grants = ['client_credentials', 'jwt-bearer', 'login'] as const
const auths = ['basic', 'body', 'bearer'] as const
const algorithms = ['RS256', 'ES256'] as const

/** For an API that needs a token made from the secret. The relay gets, caches and renews the token. */
export interface TokenOptions {
  /**
   * The kind of exchange. `client_credentials` is OAuth's, for a client secret. `jwt-bearer` signs a JWT with a private
   * key, for service accounts, Apple and GitHub Apps. `login` posts `body` as JSON.
   */
  grant: (typeof grants)[number]
  /** The address of the exchange. Without it, the JWT of `jwt-bearer` is the token itself. */
  url?: string | undefined
  /** The id of the client; with `jwt-bearer`, the `iss` of the JWT. */
  clientId?: string | undefined
  scope?: string | undefined
  /** Default with `jwt-bearer`: `url`. */
  audience?: string | undefined
  /** With `jwt-bearer`: the `sub` of the JWT. */
  subject?: string | undefined
  /** With `jwt-bearer`: the `kid` of the key. */
  keyId?: string | undefined
  /**
   * Where the exchange sends the secret or the JWT: as Basic, in the body, or as Bearer. Default: `basic` with
   * `client_credentials`, `body` with `jwt-bearer`.
   */
  auth?: (typeof auths)[number] | undefined
  /** With `jwt-bearer`. Default `RS256`. */
  algorithm?: (typeof algorithms)[number] | undefined
  /** Lifetime of a token in seconds, if the answer does not say it; with `jwt-bearer`, also of the JWT. Default: 300. */
  expiresIn?: number | undefined
  /** With `login`: the fields of the JSON. `$CLIENT_SECRET` in a field becomes the secret. */
  body?: Record<string, string> | undefined
  /** The field of the answer that contains the token. Default: `access_token`, or else `token`. */
  field?: string | undefined
  /** Allows `http:` and addresses of this machine and network too. Default: false. */
  allowPrivateNetwork?: boolean | undefined
}

const texts = ['url', 'clientId', 'scope', 'audience', 'subject', 'keyId', 'field'] as const
const fields = [...texts, 'grant', 'auth', 'algorithm', 'expiresIn', 'body', 'allowPrivateNetwork']

/**
 * Reads `token` of a key.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`. The message says what to do, and never quotes the secret.
 */
export function readToken(given: unknown, secret: unknown, telling: ErrorContext): TokenOptions {
  const refuse = (problem: string, field = ''): never => {
    throw configError(telling, `has a token ${problem}`, ['token', field].filter(Boolean).join('.'))
  }
  if (typeof given !== 'object' || given === null)
    return refuse(`that is not an object. Write one such as { grant: 'client_credentials', url, clientId }.`)
  const token = given as TokenOptions
  const unknown = Object.keys(token).find((field) => !fields.includes(field))
  if (unknown !== undefined) refuse(`with a field "${unknown}". The fields are ${fields.join(', ')}.`)
  const mustBe = (isMet: boolean, field: keyof TokenOptions, expectation: string) =>
    fieldMustBe(isMet, telling, `token.${field}`, expectation, token[field])
  const isOneOf = (values: readonly string[], value: string | undefined) =>
    value === undefined || values.includes(value)
  for (const field of texts) mustBe(['string', 'undefined'].includes(typeof token[field]), field, 'a string')
  mustBe(grants.includes(token.grant), 'grant', `one of ${grants.join(', ')}`)
  mustBe(isOneOf(auths, token.auth), 'auth', `one of ${auths.join(', ')}`)
  mustBe(isOneOf(algorithms, token.algorithm), 'algorithm', `one of ${algorithms.join(', ')}`)
  mustBe(['boolean', 'undefined'].includes(typeof token.allowPrivateNetwork), 'allowPrivateNetwork', 'true or false')
  const { expiresIn = 300, body = {} } = token
  const isOfTexts =
    isObject(body) && !Array.isArray(body) && Object.values(body).every((text) => typeof text === 'string')
  mustBe(isOfTexts, 'body', 'an object of strings')
  mustBe(Number.isSafeInteger(expiresIn) && expiresIn >= 10, 'expiresIn', 'a whole number of seconds, 10 or more')
  checkTokenUrl(token, refuse)
  if (token.grant === 'client_credentials' && !token.clientId)
    refuse('without clientId, which client_credentials needs.', 'clientId')
  if (token.grant === 'login' && !Object.values(body).some((text) => text.includes('$CLIENT_SECRET')))
    refuse('without a body that holds $CLIENT_SECRET, such as { email, password: "$CLIENT_SECRET" }.', 'body')
  if (token.grant === 'jwt-bearer' && secret !== undefined) checkPrivateKey(secret, telling)
  return token
}

function checkTokenUrl(
  { url, grant, allowPrivateNetwork }: TokenOptions,
  refuse: (problem: string, field?: string) => never,
) {
  if (url === undefined) {
    if (grant !== 'jwt-bearer') refuse('without url.', 'url')
    return
  }
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    refuse('whose url is not valid. Write one such as "https://api.example.com/oauth/token".', 'url')
  const { protocol, username, password } = new URL(url)
  if (username || password) refuse('whose url has a user name or a password. Write it without.', 'url')
  if (protocol === 'http:' && !allowPrivateNetwork)
    refuse('whose url would send the secret unencrypted. Use https://, or set allowPrivateNetwork: true in it.', 'url')
}

/** A private key with real line breaks. Environment variables often contain `\n` as two characters. */
export function privateKeyOf(secret: string): string {
  return secret.replaceAll('\\n', '\n')
}

function checkPrivateKey(secret: unknown, telling: ErrorContext): void {
  try {
    createPrivateKey(privateKeyOf(String(secret)))
  } catch {
    throw configError(
      telling,
      'has a secret that is not a private key in PEM, which jwt-bearer needs. Give the whole key, from -----BEGIN to the end.',
      'secret',
    )
  }
}
