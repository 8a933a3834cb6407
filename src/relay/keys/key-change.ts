import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { placeholder } from '../../protocol/placeholder.ts'
import type { CompiledRule, KeyRule } from './key-rules.ts'
import { checkName, checkSecret, checkUse } from './check-key.ts'
import { isOwnName } from './keys-of-options.ts'
import type { KeyLimits, KeyOptions, KeyUse } from './key.ts'
import { createRedactor } from './redaction/secret-index.ts'
import { inJson } from '../common/in-json.ts'
import { formContext, configError } from '../common/config-error.ts'

/** A key as a form describes it, checked. */
export interface KeyChangeRead {
  name: string
  /** Undefined: the key keeps its value. */
  secret: string | undefined
  use: KeyUse
  isNew: boolean
}

const changeFields = ['secret', 'locked', 'allow', 'limits', 'isNew']

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
  const secret = readSecret(body['secret'], isNew === true && !isDraft)
  return withoutSecrets(secret === undefined ? [] : [secret], () => {
    const unknown = Object.keys(body).find((field) => !changeFields.includes(field))
    if (unknown !== undefined)
      throw configError(formContext, `has an unknown field "${unknown}". The fields are ${changeFields.join(', ')}.`)
    if (typeof isNew !== 'boolean')
      throw configError(formContext, 'has no isNew. Write true to add a key, or false to change one.', 'isNew')
    const { locked, allow, limits, rules } = checkUse(body as unknown as KeyOptions, formContext)
    const use = {
      locked,
      rules,
      limits: onlyLimits(limits),
      allow: rules.map((rule, at) => asWritten(allow[at]!, rule)),
    }
    return { name, secret, use, isNew }
  })
}

function readSecret(secret: unknown, isRequired: boolean): string | undefined {
  if (secret === undefined && !isRequired) return undefined
  checkSecret(secret, formContext, 'Give the value that its API expects.')
  return secret
}

/**
 * Administrators see the name and the rules of a key, and so do readers of the log.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` if one of them contains a value.
 */
export function refuseSecretsOutside(secrets: readonly string[], { name, use }: KeyChangeRead): void {
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
    for (const field of ['url', 'in'] as const)
      check(JSON.stringify(rule[field] ?? ''), `allow[${index}].${field}`, `Write ${placeholder} in its place.`)
  })
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
  const { url, in: places, allowPrivateNetwork, retryable, stream } = given
  return { url, methods: [...methods], in: places ? [...places] : undefined, allowPrivateNetwork, retryable, stream }
}

function onlyLimits({ requestsPerMinute, unsettled, bytesPerDay }: KeyLimits): KeyLimits {
  return { requestsPerMinute, unsettled, bytesPerDay }
}
