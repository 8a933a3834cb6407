import { ClientSecretError } from '../protocol/errors.ts'
import { compileRule, type CompiledRule, type KeyRule } from './key-rules.ts'
import { createRedactor, type Redactor } from './redact.ts'

/** A key, as the configuration gives it. */
export interface KeyOptions {
  /** The value. Default: the environment variable `CLIENT_SECRET_<NAME>`, the name in capitals with `_` for what is no letter or digit. */
  secret?: string | undefined
  /** Only for signed-in users. Default: true. */
  locked?: boolean | undefined
  /** Where the secret may go. At least one rule. */
  allow: KeyRule[]
  /** How much the key may be used, by all callers together. */
  limits?: KeyLimits | undefined
}

export interface KeyLimits {
  /** Default: no limit. */
  requestsPerMinute?: number | undefined
  /** Most unsettled requests. Default: no limit. */
  unsettled?: number | undefined
  /** Bytes of requests and answers. Default: no limit. */
  bytesPerDay?: number | undefined
}

/** A key, checked. */
export interface Key {
  name: string
  secret: string
  locked: boolean
  rules: readonly CompiledRule[]
  limits: KeyLimits
  /** Made once, because making it takes longer than looking through an answer. */
  redactor: Redactor
}

/** Shorter values are no secrets, and cannot be told from chance in an answer that is looked through for them. */
const shortestSecret = 8

const ownVariables = new Set(['CLIENT_SECRET_ADMIN_TOKEN', 'CLIENT_SECRET_MASTER_KEY'])

const keyFields = ['secret', 'locked', 'allow', 'limits']
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
  const refuse = (problem: string) =>
    new ClientSecretError('INVALID_PARAMETER', `The relay does not start: ${path} ${problem}`, { path })

  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name))
    throw refuse('is no name for a key. Use letters, digits, dot, dash and underscore.')
  const unknown = Object.keys(options).find((field) => !keyFields.includes(field))
  if (unknown !== undefined)
    throw refuse(
      `has a field "${unknown}", which no key has. The fields are ${keyFields.join(', ')}; what a rule says stands in allow.`,
    )
  const variable = `CLIENT_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
  // What the relay keeps there for itself is nobody's key.
  const secret: unknown = options.secret ?? (ownVariables.has(variable) ? undefined : environment[variable])
  if (secret !== undefined && typeof secret !== 'string') throw refuse('has a secret that is no string.')
  if (!secret) throw refuse(`has no secret. Give it in ${path}.secret or in the environment variable ${variable}.`)
  if (secret.length < shortestSecret)
    throw refuse(
      `has a secret of fewer than ${shortestSecret} characters, which cannot be kept out of answers. Use the key that the API's provider gave you.`,
    )
  if (!/^[\u0020-\u007e]+$/.test(secret))
    throw refuse(
      'has a secret with a line break or a character that is not ASCII. Was a line break copied along with it?',
    )
  if (!['boolean', 'undefined'].includes(typeof options.locked))
    throw refuse(`has locked: ${JSON.stringify(options.locked)}. Write true or false.`)
  const wrongLimit = wrongLimitOf(options.limits)
  if (wrongLimit)
    throw refuse(`has ${wrongLimit}. The limits are ${limitFields.join(', ')}, each a whole number above 0.`)
  if (!Array.isArray(options.allow) || options.allow.length === 0) {
    throw refuse(
      `has no rules, so nobody could use it. Say where its secret may go: allow: [{ url: 'https://api.example.com/v1/**', methods: ['POST'] }].`,
    )
  }
  return {
    name,
    secret,
    redactor: createRedactor(secret),
    locked: options.locked ?? true,
    limits: options.limits ?? {},
    rules: options.allow.map((rule, index) => compileRule(rule, `${path}.allow[${index}]`)),
  }
}

/** What is wrong with the limits of a key, as far as anything is. */
function wrongLimitOf(limits: unknown): string | undefined {
  if (limits === undefined) return undefined
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits)) return `limits: ${JSON.stringify(limits)}`
  const wrong = Object.entries(limits as Record<string, unknown>).find(
    ([name, value]) =>
      !limitFields.includes(name) || (value !== undefined && !(Number.isSafeInteger(value) && Number(value) > 0)),
  )
  return wrong && `limits.${wrong[0]}: ${JSON.stringify(wrong[1])}`
}
