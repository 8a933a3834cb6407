import type { ClientSecretError } from '../../protocol/errors.ts'
import { configError, fieldMustBe, startContext, startError } from '../common/config-error.ts'
import { checkName, checkPublicPrefix, checkSecret, checkUse, checkValueNames, inOneLine } from './check-key.ts'
import { masterKeyVariable } from './encryption.ts'
import { keyOf, type Key, type KeyOptions, type SecretSource } from './key.ts'
import { refuseTogether } from './key-settings.ts'
import { readSign } from './sign-options.ts'
import { readToken } from './token-options.ts'

const ownVariables = new Set(['CLIENT_SECRET_ADMIN_TOKEN', 'CLIENT_SECRET_MASTER_KEY'])

const keyFields = ['secret', 'publicPrefix', 'token', 'sign', 'locked', 'allow', 'limits', 'refreshEvery']

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
  if (typeof options.secret === 'function') return readSource(name, options, options.secret)
  const variable = variableOf(name)
  // The relay's own variables are not keys.
  const secret: unknown = options.secret ?? (ownVariables.has(variable) ? undefined : environment[variable])
  const token = options.token === undefined ? undefined : readToken(options.token, secret, context)
  refuseTogether(options, context)
  const checked: unknown = token?.grant === 'jwt-bearer' && typeof secret === 'string' ? inOneLine(secret) : secret
  const remedy = `Give it in ${path}.secret or in the environment variable ${variable}.`
  const isUnset = 'secret' in options && options.secret === undefined
  checkSecret(
    checked,
    context,
    isUnset ? `${remedy} Now ${path}.secret is undefined: set the environment variable that it reads.` : remedy,
  )
  const { publicPrefix } = options
  checkPublicPrefix(publicPrefix, checked, context)
  return keyOf(name, [{ version: 1, secret: secret as string, ...(publicPrefix !== undefined && { publicPrefix }) }], {
    ...checkUse(options, context),
    ...(token && { token }),
    ...(options.sign !== undefined && { sign: readSign(options.sign, context) }),
  })
}

const defaultRefresh = 300
const maxRefresh = 86_400

/** A key with a source. The relay checks its values when the source gives them. */
function readSource(name: string, options: KeyOptions, ask: SecretSource): Key {
  const path = `keys.${name}`
  const context = startContext(path)
  const { publicPrefix, sign, refreshEvery = defaultRefresh } = options
  fieldMustBe(
    Number.isFinite(refreshEvery) && refreshEvery >= 1 && refreshEvery <= maxRefresh,
    context,
    'refreshEvery',
    `seconds, from 1 to ${maxRefresh}`,
    refreshEvery,
  )
  const token = options.token === undefined ? undefined : readToken(options.token, undefined, context)
  refuseTogether(options, context)
  return keyOf(name, [], {
    ...checkUse(options, context),
    ...(token && { token }),
    ...(sign !== undefined && { sign: readSign(sign, context) }),
    source: {
      ask,
      refreshEvery,
      check(given) {
        const context = { ...startContext(path), beginning: '' }
        const isPrivateKey = token?.grant === 'jwt-bearer' && typeof given === 'string'
        if (isPrivateKey) readToken(options.token, given, context)
        const secret: unknown = isPrivateKey ? inOneLine(given) : given
        checkSecret(secret, context, `Let the function of ${path}.secret return the value.`)
        checkPublicPrefix(publicPrefix, secret, context)
        return { secret: given as string, ...(publicPrefix !== undefined && { publicPrefix }) }
      },
    },
  })
}

/** A key with several values. */
function readSeveral(name: string, options: KeyOptions, secret: Record<string, string | undefined>): Key {
  const path = `keys.${name}`
  const context = startContext(path)
  const entries = Object.entries(secret)
  checkValueNames(Object.keys(secret), context)
  if (options.publicPrefix !== undefined)
    throw configError(
      context,
      'has a publicPrefix and several values. Leave publicPrefix out; it is for keys with one value.',
      'publicPrefix',
    )
  refuseTogether({ ...options, isNamed: true }, context)
  for (const [one, value] of entries)
    checkSecret(value, startContext(`${path}.secret.${one}`), `Give it in ${path}.secret.${one}.`, '')
  const named = new Map(entries as [string, string][])
  const names = [...named.keys()]
  return keyOf(name, [{ version: 1, secret: '', named }], {
    ...checkUse(options, context, names),
    ...(options.sign !== undefined && { sign: readSign(options.sign, context, names) }),
  })
}

function variableOf(name: string): string {
  return `CLIENT_SECRET_${name.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`
}

/** Names whose environment variable would be one of the relay's own. */
export function isOwnName(name: string): boolean {
  return ownVariables.has(variableOf(name))
}

export function noKeys(): ClientSecretError {
  return startError('keys', {
    reason: 'keys is empty',
    remedy: `Add a key, such as keys: { openai: { secret: process.env.OPENAI_API_KEY, allow: [...] } }; or, to register keys while the relay runs, set the environment variable ${masterKeyVariable} to the output of client-secret-relay master-key.`,
  })
}
