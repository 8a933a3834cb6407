import { isObject } from '../../protocol/invalid-parameter.ts'
import { configError, fieldMustBe, type ErrorContext } from '../common/config-error.ts'
import { compileRule } from './key-rules.ts'
import type { KeyOptions, KeyUse } from './key.ts'

/** Shorter values are easy to guess, and appear in answers by chance. */
const minSecret = 8
/** Longer than any token, and shorter than a file in its place. */
const maxSecret = 4_096
const maxName = 100
/** Ordinary words begin with a shorter prefix; and a shorter rest is easy to guess. */
const minPrefix = 3
const minRest = 16

const limitFields = ['requestsPerMinute', 'unsettled', 'bytesPerDay']

/** @param field The name's field in a form. */
export function checkName(name: unknown, context: ErrorContext, field = ''): asserts name is string {
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.length > maxName)
    throw configError(
      context,
      `is not a valid name for a key. Use letters, digits, dot, dash and underscore, ${maxName} at most, the first a letter or digit.`,
      field,
    )
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

const valueName = /^[A-Za-z][A-Za-z0-9_]{0,63}$/
/** Values of a key: no API needs more. */
const maxValues = 20

export function checkValueNames(names: readonly unknown[], context: ErrorContext, field = 'secret'): void {
  const wrong = names.find((name) => typeof name !== 'string' || !valueName.test(name))
  if (wrong !== undefined || names.length === 0)
    throw configError(
      context,
      `has a secret ${wrong === undefined ? 'without values' : `with a value named ${JSON.stringify(wrong)}`}. Name each value with letters and digits, such as secret: { id, key }, and write it as $CLIENT_SECRET.id.`,
      field,
    )
  if (names.length > maxValues)
    throw configError(context, `has a secret of more than ${maxValues} values. Make another key.`, field)
}

/** A private key has several lines. */
export function inOneLine(text: string): string {
  return text.trim().replace(/\s+/g, ' ')
}

/** The messages do not show the prefix: a wrong one may be part of another secret. */
export function checkPublicPrefix(prefix: unknown, secret: string, context: ErrorContext): void {
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
  fieldMustBe(typeof locked === 'boolean', context, 'locked', 'true or false', locked)
  checkLimits(limits, context)
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

function checkLimits(limits: unknown, context: ErrorContext): void {
  fieldMustBe(
    isObject(limits) && !Array.isArray(limits),
    context,
    'limits',
    `an object of ${limitFields.join(', ')}`,
    limits,
  )
  for (const [name, value] of Object.entries(limits)) {
    const field = `limits.${name}`
    fieldMustBe(limitFields.includes(name), context, field, `left out: the limits are ${limitFields.join(', ')}`, value)
    const isLimit = value === undefined || (Number.isSafeInteger(value) && Number(value) > 0)
    fieldMustBe(isLimit, context, field, 'a whole number above 0', value)
  }
}
