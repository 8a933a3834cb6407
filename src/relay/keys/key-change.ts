import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { isObject } from '../../protocol/invalid-parameter.ts'
import { placeholder } from '../../protocol/placeholder.ts'
import type { CompiledRule, KeyRule } from './key-rules.ts'
import { checkName, checkSecret, checkUse, checkValueNames, inOneLine } from './check-key.ts'
import { readValueSettings, settingsText, type ValueSettings } from './key-settings.ts'
import { isOwnName } from './keys-of-options.ts'
import { secretsOf, type KeyLimits, type KeyOptions, type KeyUse, type KeyValue } from './key.ts'
import { createRedactor } from './redaction/secret-index.ts'
import { inJson } from '../common/in-json.ts'
import { formContext, configError } from '../common/config-error.ts'

/** A key as a form describes it, checked. */
export interface KeyChangeRead {
  name: string
  /** Undefined: the key keeps its value. */
  value: Given | undefined
  settings: ValueSettings
  use: KeyUse
  isNew: boolean
}

/** A value without a version. */
export type Given = Pick<KeyValue, 'secret' | 'named'>

const changeFields = ['secret', 'values', 'token', 'sign', 'locked', 'allow', 'limits', 'isNew']

/**
 * Reads the body of `PUT /keys/:name`, or of a check, which may come before the value.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` with the path of the field. The message never contains the value.
 */
export function readChange(name: unknown, body: Record<string, unknown>, { isDraft = false } = {}): KeyChangeRead {
  checkName(name, { ...formContext, subject: 'This' }, 'name')
  if (isOwnName(name))
    throw configError(
      { ...formContext, subject: 'This' },
      'is a name that the relay uses itself. Choose another one.',
      'name',
    )
  const { isNew } = body
  // First, because the messages of all other checks may quote the value.
  const value = readValue(body, isNew === true && !isDraft)
  return withoutSecrets(value ? textsOf(value) : [], () => {
    const unknown = Object.keys(body).find((field) => !changeFields.includes(field))
    if (unknown !== undefined)
      throw configError(formContext, `has an unknown field "${unknown}". The fields are ${changeFields.join(', ')}.`)
    if (typeof isNew !== 'boolean')
      throw configError(formContext, 'has no isNew. Write true to add a key, or false to change one.', 'isNew')
    const names = value?.named && [...value.named.keys()].sort()
    const given = names && body['values'] === undefined ? { ...body, values: names } : body
    const settings = readValueSettings(given, value?.secret, formContext)
    if (value && names?.join() !== settings.names?.join())
      throw configError(
        formContext,
        'has other values in secret than in values. Give each value by its name.',
        'values',
      )
    const { locked, allow, limits, rules } = checkUse(body as unknown as KeyOptions, formContext, settings.names)
    const use = {
      locked,
      rules,
      limits: onlyLimits(limits),
      allow: rules.map((rule, at) => asWritten(allow[at]!, rule)),
    }
    return { name, value, settings, use, isNew }
  })
}

function readValue({ secret, token }: Record<string, unknown>, isRequired: boolean): Given | undefined {
  const remedy = 'Give the value that its API expects.'
  if (secret === undefined && !isRequired) return undefined
  if (isObject(secret) && !Array.isArray(secret)) {
    const names = Object.keys(secret).sort()
    checkValueNames(names, formContext)
    return { secret: '', named: new Map(names.map((name) => [name, oneOf(secret[name], name)])) }
  }
  const isPrivateKey = isObject(token) && token['grant'] === 'jwt-bearer' && typeof secret === 'string'
  checkSecret(isPrivateKey ? inOneLine(secret) : secret, formContext, remedy)
  return { secret: secret as string }
}

function oneOf(secret: unknown, name: string): string {
  checkSecret(secret, { ...formContext, subject: `The value ${name}` }, 'Give the value that its API expects.')
  return secret
}

/** The texts to keep out of messages: a private key also line by line. */
export function textsOf(value: Given): string[] {
  return secretsOf({ ...value, version: 0 }).flatMap((secret) => [secret, ...linesOf(secret)])
}

const linesOf = (secret: string) => secret.split(/\r?\n|\\n/).filter((line) => line.length >= 16 && line !== secret)

/**
 * Administrators see the name and the rules of a key, and so do readers of the log.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` if one of them contains a value.
 */
export function refuseSecretsOutside(secrets: readonly string[], { name, use, settings }: KeyChangeRead): void {
  const redactor = createRedactor(...secrets)
  const check = (text: string, field: string, remedy: string) => {
    if (redactor.text(text) !== text)
      throw configError(
        formContext,
        `has its secret value in the field ${field}, where others can see it. ${remedy}`,
        field,
      )
  }
  check(name, 'name', 'Choose another name.')
  use.allow.forEach((rule, index) => {
    for (const field of ['url', 'in', 'inEach'] as const)
      check(JSON.stringify(rule[field] ?? ''), `allow[${index}].${field}`, `Write ${placeholder} in its place.`)
  })
  check(settingsText(settings), settings.sign ? 'sign' : 'token', `Write ${placeholder} in its place.`)
}

/** Removes the values from the error that the work throws. */
export function withoutSecrets<Result>(secrets: readonly string[], work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!isClientSecretError(error) || secrets.length === 0) throw error
    const redactor = createRedactor(...secrets)
    // The exact value first: the redactor alone would remove more of the message.
    const redacted = (text: string) =>
      redactor.text(
        secrets
          .flatMap((secret) => [secret, secret.toUpperCase()])
          .flatMap((secret) => [inJson(secret), encodeURIComponent(secret), secret])
          .reduce((rest, spelled) => rest.replaceAll(spelled, placeholder), text),
      )
    // Without the cause, which may quote the value.
    throw new ClientSecretError(error.code, redacted(error.message), { path: error.path && redacted(error.path) })
  }
}

/** Only the known fields of a rule. */
function asWritten(given: KeyRule, { methods }: CompiledRule): KeyRule {
  const { url, in: places, inEach, allowPrivateNetwork, retryable, stream } = given
  return {
    url,
    methods: [...methods],
    in: places ? [...places] : undefined,
    inEach: inEach && Object.fromEntries(Object.entries(inEach).map(([name, some]) => [name, [...some]])),
    allowPrivateNetwork,
    retryable,
    stream,
  }
}

function onlyLimits({ requestsPerMinute, unsettled, bytesPerDay }: KeyLimits): KeyLimits {
  return { requestsPerMinute, unsettled, bytesPerDay }
}
