import type { ClientSecretError } from '../../protocol/errors.ts'
import { compileRule, type CompiledRule, type KeyRule } from './key-rules.ts'
import { startContext, configError, startError, type ErrorContext } from '../common/config-error.ts'
import { masterKeyVariable, type MasterKey } from './encryption.ts'
import { readSign, type SignOptions } from './sign-options.ts'
import { readToken, type TokenOptions } from './token-options.ts'

/** A key in the options. */
export interface KeyOptions {
  /**
   * The value. Default: the environment variable `CLIENT_SECRET_<NAME>`, the name in capitals with `_` for each
   * character that is not a letter or digit. For an API with several values, an object such as `{ id, key }`; requests
   * then write `$CLIENT_SECRET.id` and `$CLIENT_SECRET.key`.
   */
  secret?: string | Record<string, string | undefined> | undefined
  /**
   * The beginning of every value of this API, such as `acme_live_`. The prefix itself is public: only the rest counts
   * as secret. The relay removes every word with this prefix from answers. Default: none; the relay knows the prefixes
   * of common APIs.
   */
  publicPrefix?: string | undefined
  /** The API wants a token that is made from the secret: OAuth's, a signed JWT, or one that a login gives. */
  token?: TokenOptions | undefined
  /** The API wants a signature of each call, made with the secret: `$CLIENT_SECRET` becomes the signature. */
  sign?: SignOptions | undefined
  /** Only for signed-in users. Default: true. */
  locked?: boolean | undefined
  /** Where the secret may go. At least one rule. */
  allow: KeyRule[]
  /** Limits of the key, for all callers together. */
  limits?: KeyLimits | undefined
}

/** Limits of a key, for all callers together. The relay refuses more with `RATE_LIMITED` or `QUEUE_FULL`. */
export interface KeyLimits {
  /** Default: no limit. */
  requestsPerMinute?: number | undefined
  /** Most unsettled requests. Default: no limit. */
  unsettled?: number | undefined
  /** Bytes of requests and answers. Default: no limit. */
  bytesPerDay?: number | undefined
}

/** One of the values of a key. */
export interface KeyValue {
  version: number
  /** Empty for a key with several values. */
  secret: string
  /** For a key with several values: the values, by name. */
  named?: ReadonlyMap<string, string>
  publicPrefix?: string
}

/** All secret texts of a value. */
export function secretsOf({ secret, named }: KeyValue): string[] {
  return named ? [...named.values()] : [secret]
}

/** A key, checked. */
export interface Key {
  name: string
  /** The valid values, in the order in which the relay tries them. During a rotation there are two. */
  values: readonly KeyValue[]
  locked: boolean
  /** The rules as the operator wrote them. */
  allow: readonly KeyRule[]
  rules: readonly CompiledRule[]
  limits: KeyLimits
  /** The way to get the token that replaces the secret. */
  token?: TokenOptions
  /** The way to sign calls with the secret; the secret itself is not sent. */
  sign?: SignOptions
  /** In milliseconds; only registered keys have it. */
  changedAt?: number
}

/** The current keys: those of the options, and the registered ones. */
export interface Keys {
  get(name: string): Key | undefined
  /** Reads a registered key from the database again: another relay may have changed it a moment ago. */
  getNewest(name: string): Promise<Key | undefined>
  /** An API took this value of the key and refused the one before it. */
  worked(name: string, version: number): void
  /** Counts a request with the key. */
  used(name: string): void
}

/** What the keys need of the relay's settings. */
export interface KeySettings {
  /** The keys of the options. */
  keys: ReadonlyMap<string, Key>
  /** They encrypt the values in the database, the newest first. */
  masterKeys: readonly MasterKey[]
  /** Whether the relay has an `authenticate`: without one, nobody is signed in. */
  hasAuthenticate: boolean
}

/** Shorter values are easy to guess, and appear in answers by chance. */
const minSecret = 8
/** Longer than any token, and shorter than a file in its place. */
const maxSecret = 4_096
const maxName = 100
/** Ordinary words begin with a shorter prefix; and a shorter rest is easy to guess. */
const minPrefix = 3
const minRest = 16

const ownVariables = new Set(['CLIENT_SECRET_ADMIN_TOKEN', 'CLIENT_SECRET_MASTER_KEY'])

const keyFields = ['secret', 'publicPrefix', 'token', 'sign', 'locked', 'allow', 'limits']
const limitFields = ['requestsPerMinute', 'unsettled', 'bytesPerDay']

/**
 * Reads the keys from options and environment.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`. The message says what is missing and how to give it.
 */
export function readKeys(
  options: Record<string, KeyOptions>,
  environment: Record<string, string | undefined>,
): Map<string, Key> {
  // A Map, because every object has a "constructor" and a "__proto__".
  return new Map(Object.entries(options).map(([name, key]) => [name, readKey(name, key, environment)]))
}

function readKey(name: string, options: KeyOptions, environment: Record<string, string | undefined>): Key {
  const path = `keys.${name}`
  const context = startContext(path)
  checkName(name, context)
  const unknown = Object.keys(options).find((field) => !keyFields.includes(field))
  if (unknown !== undefined)
    throw configError(
      context,
      `has an unknown field "${unknown}". The fields are ${keyFields.join(', ')}; the fields of a rule belong in allow.`,
    )
  if (typeof options.secret === 'object' && options.secret !== null) return readSeveral(name, options, options.secret)
  const variable = variableOf(name)
  // The relay's own variables are not keys.
  const secret: unknown = options.secret ?? (ownVariables.has(variable) ? undefined : environment[variable])
  const token = options.token === undefined ? undefined : readToken(options.token, secret, context)
  if (token && options.sign !== undefined)
    throw configError(context, 'has both token and sign. Write one of them.', 'sign')
  // A private key has several lines.
  const checked: unknown = token?.grant === 'jwt-bearer' && typeof secret === 'string' ? oneLine(secret) : secret
  checkSecret(checked, context, `Give it in ${path}.secret or in the environment variable ${variable}.`)
  const { publicPrefix } = options
  checkPublicPrefix(publicPrefix, checked, context)
  return keyOf(name, [{ version: 1, secret: secret as string, ...(publicPrefix !== undefined && { publicPrefix }) }], {
    ...checkUse(options, context),
    ...(token && { token }),
    ...(options.sign !== undefined && { sign: readSign(options.sign, context) }),
  })
}

const oneLine = (text: string) => text.trim().replace(/\s+/g, ' ')

const valueName = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** A key with several values. */
function readSeveral(name: string, options: KeyOptions, secret: Record<string, string | undefined>): Key {
  const path = `keys.${name}`
  const context = startContext(path)
  const entries = Object.entries(secret)
  const wrong = entries.find(([one]) => !valueName.test(one))
  if (wrong || entries.length === 0)
    throw configError(
      context,
      `has a secret ${wrong ? `with a value named ${JSON.stringify(wrong[0])}` : 'without values'}. Name each value with letters and digits, such as secret: { id, key }, and write it as $CLIENT_SECRET.id.`,
      'secret',
    )
  if (options.publicPrefix !== undefined)
    throw configError(
      context,
      'has a publicPrefix and several values. Leave publicPrefix out; it is for keys with one value.',
      'publicPrefix',
    )
  if (options.token !== undefined)
    throw configError(context, 'has a token and several values. The relay makes a token from one value.', 'token')
  for (const [one, value] of entries)
    checkSecret(value, startContext(`${path}.secret.${one}`), `Give it in ${path}.secret.${one}.`, '')
  const named = new Map(entries as [string, string][])
  const names = [...named.keys()]
  return keyOf(name, [{ version: 1, secret: '', named }], {
    ...checkUse(options, context, names),
    ...(options.sign !== undefined && { sign: readSign(options.sign, context, names) }),
  })
}

/** A key from checked parts. */
export function keyOf(
  name: string,
  values: readonly KeyValue[],
  use: KeyUse & Pick<Key, 'changedAt' | 'token' | 'sign'>,
): Key {
  return { name, values, ...use }
}

function variableOf(name: string): string {
  return `CLIENT_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

/** @param field The name's field in a form. */
export function checkName(name: unknown, context: ErrorContext, field = ''): asserts name is string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.length > maxName)
    throw configError(
      context,
      `is not a valid name for a key. Use letters, digits, dot, dash and underscore, ${maxName} at most, the first a letter or digit.`,
      field,
    )
}

/** Names whose environment variable would be one of the relay's own. */
export function isOwnName(name: string): boolean {
  return ownVariables.has(variableOf(name))
}

export function checkSecret(
  secret: unknown,
  context: ErrorContext,
  remedy: string,
  field = 'secret',
): asserts secret is string {
  const refuse = (problem: string) => configError(context, problem, field)
  if (secret === undefined || secret === null || secret === '') throw refuse(`has no secret. ${remedy}`)
  if (typeof secret !== 'string') throw refuse('has a secret that is not a string. Write it as a string.')
  if (/[\r\n]$/.test(secret))
    throw refuse('has a secret that ends with a line break, probably from copying. Leave the line break out.')
  if (secret.length < minSecret)
    throw refuse(
      `has a secret of fewer than ${minSecret} characters, which the relay could not keep out of answers. Use the key that the API's provider gave you.`,
    )
  if (secret.length > maxSecret)
    throw refuse(`has a secret of more than ${maxSecret} characters. Use the key that the API's provider gave you.`)
  if (!/^[\u0020-\u007e]+$/.test(secret))
    throw refuse('has a secret with a line break or a character that is not ASCII. Copy it again, without line breaks.')
}

/** The messages do not show the prefix: a wrong one may be part of another secret. */
function checkPublicPrefix(prefix: unknown, secret: string, context: ErrorContext): void {
  const refuse = (problem: string) => configError(context, problem, 'publicPrefix')
  if (prefix === undefined) return
  if (typeof prefix !== 'string' || prefix.length < minPrefix)
    throw refuse(
      `has a publicPrefix that is not a text of ${minPrefix} characters or more. Write the beginning of every value of this API, or leave it out.`,
    )
  if (!secret.startsWith(prefix))
    throw refuse(
      'has a publicPrefix that its secret does not begin with. Write the beginning of the secret, or leave it out.',
    )
  if (secret.length - prefix.length < minRest)
    throw refuse(
      `has a publicPrefix that leaves fewer than ${minRest} characters of its secret, which is easy to guess. Write only the part that all values of this API have in common, or leave it out.`,
    )
}

/** The use of a key: everything except its name and values. */
export type KeyUse = Pick<Key, 'locked' | 'allow' | 'rules' | 'limits'>

/**
 * @param names The names of the values, for a key with several.
 * @throws ClientSecretError `INVALID_PARAMETER` with the path of the field.
 */
export function checkUse(
  options: Pick<KeyOptions, 'locked' | 'allow' | 'limits'>,
  context: ErrorContext,
  names?: readonly string[],
): KeyUse {
  const { locked = true, allow, limits = {} } = options
  if (typeof locked !== 'boolean')
    throw configError(context, `has locked: ${JSON.stringify(locked)}. Write true or false.`, 'locked')
  const wrongLimit = wrongLimitOf(limits)
  if (wrongLimit)
    throw configError(
      context,
      `has ${wrongLimit.text}. The limits are ${limitFields.join(', ')}, each a whole number above 0.`,
      wrongLimit.field,
    )
  if (!Array.isArray(allow) || allow.length === 0) {
    throw configError(
      context,
      `has no rules, so callers cannot use it. Say where its secret may go: allow: [{ url: 'https://api.example.com/v1/**', methods: ['POST'] }].`,
      'allow',
    )
  }
  const rules = allow.map((rule, index) => {
    const path = [context.path, `allow[${index}]`].filter(Boolean).join('.')
    return compileRule(rule, path, { ...context, subject: context.path ? path : `Rule ${index + 1}`, path }, names)
  })
  return { locked, allow, rules, limits }
}

/** The first wrong limit, if there is one. */
function wrongLimitOf(limits: unknown): { field: string; text: string } | undefined {
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits))
    return { field: 'limits', text: `limits: ${JSON.stringify(limits)}` }
  const wrong = Object.entries(limits as Record<string, unknown>).find(
    ([name, value]) =>
      !limitFields.includes(name) || (value !== undefined && !(Number.isSafeInteger(value) && Number(value) > 0)),
  )
  return wrong && { field: `limits.${wrong[0]}`, text: `limits.${wrong[0]}: ${JSON.stringify(wrong[1])}` }
}

export function noKeys(): ClientSecretError {
  return startError('keys', {
    reason: 'keys is empty',
    remedy: `Add a key, such as keys: { openai: { secret: process.env.OPENAI_API_KEY, allow: [...] } }; or, to register keys while the relay runs, set the environment variable ${masterKeyVariable} to the output of client-secret-relay master-key.`,
  })
}
