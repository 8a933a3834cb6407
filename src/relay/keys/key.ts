import type { ClientSecretError } from '../../protocol/errors.ts'
import { compileRule, type CompiledRule, type KeyRule } from './key-rules.ts'
import { startContext, configError, startError, type ErrorContext } from '../common/config-error.ts'
import { masterKeyVariable } from './encryption.ts'
import { readSign, type SignOptions } from './sign-options.ts'
import { readToken, type TokenOptions } from './token-options.ts'

/** A key, as the configuration gives it. */
export interface KeyOptions {
  /**
   * The value. Default: the environment variable `CLIENT_SECRET_<NAME>`, the name in capitals with `_` for what is no
   * letter or digit. Of an API that wants several, each by a name: `{ id, key }`, which requests write as
   * `$CLIENT_SECRET.id` and `$CLIENT_SECRET.key`.
   */
  secret?: string | Record<string, string | undefined> | undefined
  /**
   * What every value of this API begins with, such as `acme_live_`, and so no secret: whatever in an answer begins
   * with it is taken out, and only what stands behind it counts as secret. Default: none; the relay knows those of
   * the common APIs.
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
  /** How much the key may be used, by all callers together. */
  limits?: KeyLimits | undefined
}

/** How much a key may be used, by all callers together; what is more is refused with `RATE_LIMITED` or `QUEUE_FULL`. */
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
  /** Empty, of a key of several values. */
  secret: string
  /** The values of a key that has several, by name. */
  named?: ReadonlyMap<string, string>
  publicPrefix?: string
}

/** Every text of a value that must not be seen. */
export function secretsOf({ secret, named }: KeyValue): string[] {
  return named ? [...named.values()] : [secret]
}

/** A key, checked. */
export interface Key {
  name: string
  /** Those that are valid, in the order in which they are tried. There are two while an API is being told of a new one. */
  values: readonly KeyValue[]
  locked: boolean
  /** The rules as they were written. */
  allow: readonly KeyRule[]
  rules: readonly CompiledRule[]
  limits: KeyLimits
  /** How the token is made that stands for the secret. */
  token?: TokenOptions
  /** How calls are signed with the secret, which is not sent then. */
  sign?: SignOptions
  /** In milliseconds; of a key that is registered. */
  changedAt?: number
}

/** The keys as they are now: those of the options, and those that are registered while the relay runs. */
export interface Keys {
  get(name: string): Key | undefined
  /** The key as it is in the database now, where another relay may have changed it without this one having heard of it yet. */
  getNewest(name: string): Promise<Key | undefined>
  /** Remembers that an API took this value of the key and refused the one that is tried before it. */
  worked(name: string, version: number): void
  /** Counts a request that the key was used for. */
  used(name: string): void
}

/** Shorter values are no secrets, and cannot be told from chance in an answer that is looked through for them. */
const minSecret = 8
/** Longer than any token, and shorter than a file that was taken for one. */
const maxSecret = 4_096
const maxName = 100
/** A shorter prefix would begin words of any answer; and less behind it could be guessed. */
const minPrefix = 3
const minRest = 16

const ownVariables = new Set(['CLIENT_SECRET_ADMIN_TOKEN', 'CLIENT_SECRET_MASTER_KEY'])

const keyFields = ['secret', 'publicPrefix', 'token', 'sign', 'locked', 'allow', 'limits']
const limitFields = ['requestsPerMinute', 'unsettled', 'bytesPerDay']

/**
 * Reads the keys from options and environment.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` with a sentence for the operator:
 *   what is missing and how to give it.
 */
export function readKeys(
  options: Record<string, KeyOptions>,
  environment: Record<string, string | undefined>,
): Map<string, Key> {
  // A Map, because "constructor" and "__proto__" are not keys that anybody registered.
  return new Map(Object.entries(options).map(([name, key]) => [name, readKey(name, key, environment)]))
}

function readKey(name: string, options: KeyOptions, environment: Record<string, string | undefined>): Key {
  const path = `keys.${name}`
  const telling = startContext(path)
  checkName(name, telling)
  const unknown = Object.keys(options).find((field) => !keyFields.includes(field))
  if (unknown !== undefined)
    throw configError(
      telling,
      `has a field "${unknown}", which no key has. The fields are ${keyFields.join(', ')}; what a rule says stands in allow.`,
    )
  if (typeof options.secret === 'object' && options.secret !== null) return readSeveral(name, options, options.secret)
  const variable = variableOf(name)
  // What the relay keeps there for itself is nobody's key.
  const secret: unknown = options.secret ?? (ownVariables.has(variable) ? undefined : environment[variable])
  const token = options.token === undefined ? undefined : readToken(options.token, secret, telling)
  if (token && options.sign !== undefined)
    throw configError(telling, 'has both token and sign. Write one of them.', 'sign')
  // A private key has lines, and is checked as what it is.
  const checked: unknown = token?.grant === 'jwt-bearer' && typeof secret === 'string' ? oneLine(secret) : secret
  checkSecret(checked, telling, `Give it in ${path}.secret or in the environment variable ${variable}.`)
  const { publicPrefix } = options
  checkPublicPrefix(publicPrefix, checked, telling)
  return keyOf(name, [{ version: 1, secret: secret as string, ...(publicPrefix !== undefined && { publicPrefix }) }], {
    ...checkUse(options, telling),
    ...(token && { token }),
    ...(options.sign !== undefined && { sign: readSign(options.sign, telling) }),
  })
}

const oneLine = (text: string) => text.trim().replace(/\s+/g, ' ')

const valueName = /^[A-Za-z][A-Za-z0-9_]{0,63}$/

/** A key of an API that wants several values. */
function readSeveral(name: string, options: KeyOptions, secret: Record<string, string | undefined>): Key {
  const path = `keys.${name}`
  const telling = startContext(path)
  const entries = Object.entries(secret)
  const wrong = entries.find(([one]) => !valueName.test(one))
  if (wrong || entries.length === 0)
    throw configError(
      telling,
      `has a secret ${wrong ? `with a value named ${JSON.stringify(wrong[0])}` : 'without values'}. Name each value with letters and digits, such as secret: { id, key }, and write it as $CLIENT_SECRET.id.`,
      'secret',
    )
  if (options.publicPrefix !== undefined)
    throw configError(telling, 'has a publicPrefix and several values. It is of a key with one value.', 'publicPrefix')
  if (options.token !== undefined)
    throw configError(telling, 'has a token and several values. A token is made from one.', 'token')
  for (const [one, value] of entries)
    checkSecret(value, startContext(`${path}.secret.${one}`), `Give it in ${path}.secret.${one}.`, '')
  const named = new Map(entries as [string, string][])
  const names = [...named.keys()]
  return keyOf(name, [{ version: 1, secret: '', named }], {
    ...checkUse(options, telling, names),
    ...(options.sign !== undefined && { sign: readSign(options.sign, telling, names) }),
  })
}

/** A key of what was checked before. */
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

/** @param field By which the name is known in a form. */
export function checkName(name: unknown, telling: ErrorContext, field = ''): asserts name is string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.length > maxName)
    throw configError(
      telling,
      `is no name for a key. Use letters, digits, dot, dash and underscore, ${maxName} at most, the first a letter or digit.`,
      field,
    )
}

/** Names that would stand for one of the relay's own variables, if the key were moved to the options. */
export function isOwnName(name: string): boolean {
  return ownVariables.has(variableOf(name))
}

export function checkSecret(
  secret: unknown,
  telling: ErrorContext,
  remedy: string,
  field = 'secret',
): asserts secret is string {
  const refuse = (problem: string) => configError(telling, problem, field)
  if (secret === undefined || secret === null || secret === '') throw refuse(`has no secret. ${remedy}`)
  if (typeof secret !== 'string') throw refuse('has a secret that is no string.')
  if (/[\r\n]$/.test(secret))
    throw refuse('has a secret that ends with a line break, which was probably copied along with it. Leave it out.')
  if (secret.length < minSecret)
    throw refuse(
      `has a secret of fewer than ${minSecret} characters, which cannot be kept out of answers. Use the key that the API's provider gave you.`,
    )
  if (secret.length > maxSecret) throw refuse(`has a secret of more than ${maxSecret} characters.`)
  if (!/^[\u0020-\u007e]+$/.test(secret))
    throw refuse(
      'has a secret with a line break or a character that is not ASCII. Was a line break copied along with it?',
    )
}

/** Says nothing of the secret but its length: a mistaken prefix may be a part of another one. */
function checkPublicPrefix(prefix: unknown, secret: string, telling: ErrorContext): void {
  const refuse = (problem: string) => configError(telling, problem, 'publicPrefix')
  if (prefix === undefined) return
  if (typeof prefix !== 'string' || prefix.length < minPrefix)
    throw refuse(
      `has a publicPrefix that is no text of ${minPrefix} characters or more. Write what every value of this API begins with, or leave it out.`,
    )
  if (!secret.startsWith(prefix))
    throw refuse('has a publicPrefix with which its secret does not begin. Write what it begins with, or leave it out.')
  if (secret.length - prefix.length < minRest)
    throw refuse(
      `has a publicPrefix that leaves fewer than ${minRest} characters of its secret, which could be guessed. Write only what is the same in every value of this API, or leave it out.`,
    )
}

/** How a key may be used: everything of it but its name and its values. */
export type KeyUse = Pick<Key, 'locked' | 'allow' | 'rules' | 'limits'>

/**
 * @param names Of the values of a key that has several.
 * @throws ClientSecretError `INVALID_PARAMETER` with the path of the field.
 */
export function checkUse(
  options: Pick<KeyOptions, 'locked' | 'allow' | 'limits'>,
  telling: ErrorContext,
  names?: readonly string[],
): KeyUse {
  const { locked = true, allow, limits = {} } = options
  if (typeof locked !== 'boolean')
    throw configError(telling, `has locked: ${JSON.stringify(locked)}. Write true or false.`, 'locked')
  const wrongLimit = wrongLimitOf(limits)
  if (wrongLimit)
    throw configError(
      telling,
      `has ${wrongLimit.text}. The limits are ${limitFields.join(', ')}, each a whole number above 0.`,
      wrongLimit.field,
    )
  if (!Array.isArray(allow) || allow.length === 0) {
    throw configError(
      telling,
      `has no rules, so nobody could use it. Say where its secret may go: allow: [{ url: 'https://api.example.com/v1/**', methods: ['POST'] }].`,
      'allow',
    )
  }
  const rules = allow.map((rule, index) => {
    const path = [telling.path, `allow[${index}]`].filter(Boolean).join('.')
    return compileRule(rule, path, { ...telling, subject: telling.path ? path : `Rule ${index + 1}`, path }, names)
  })
  return { locked, allow, rules, limits }
}

/** What is wrong with the limits of a key, as far as anything is. */
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
  return startError(
    'keys',
    `keys is empty. Register a key, such as keys: { openai: { secret: process.env.OPENAI_API_KEY, allow: [...] } }; or, to register keys while the relay runs, set the environment variable ${masterKeyVariable} to what client-secret-relay master-key prints.`,
  )
}
