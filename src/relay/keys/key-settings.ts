import { configError, type ErrorContext } from '../common/config-error.ts'
import { checkValueNames } from './check-key.ts'
import type { Key } from './key.ts'
import { readSign } from './sign-options.ts'
import { readToken } from './token-options.ts'

/** What the relay does with the values of a key before it sends them. */
export interface ValueSettings extends Pick<Key, 'token' | 'sign'> {
  /** The names of the values, in order; undefined for a key with one value. */
  names?: readonly string[] | undefined
}

/**
 * Reads token, signature and names of a registered key.
 *
 * @param secret The value, if it is there.
 * @throws ClientSecretError `INVALID_PARAMETER` with the path of the field.
 */
export function readValueSettings(
  { token, sign, values }: { token?: unknown; sign?: unknown; values?: unknown },
  secret: string | undefined,
  context: ErrorContext,
): ValueSettings {
  if (values !== undefined && (!Array.isArray(values) || values.length === 0))
    throw configError(context, 'has values that are not a list of names. Write one such as ["id", "key"].', 'values')
  const names = values === undefined ? undefined : [...new Set(values as string[])].sort()
  if (names) checkValueNames(names, context, 'values')
  refuseTogether({ token, sign, isNamed: names !== undefined }, context)
  return {
    ...(token !== undefined && { token: readToken(token, secret, context) }),
    ...(sign !== undefined && { sign: readSign(sign, context, names) }),
    ...(names && { names }),
  }
}

/** Refuses what excludes each other. */
export function refuseTogether(
  { token, sign, isNamed = false }: { token?: unknown; sign?: unknown; isNamed?: boolean },
  context: ErrorContext,
): void {
  if (token !== undefined && isNamed)
    throw configError(context, 'has a token and several values. The relay makes a token from one value.', 'token')
  if (token !== undefined && sign !== undefined)
    throw configError(context, 'has both token and sign. Write one of them.', 'sign')
}

/** The settings as the database has them: the values are bound to the exact text. */
export function settingsText({ token, sign, names }: ValueSettings): string {
  return JSON.stringify({ token, sign, values: names })
}

/** Settings that the relay has written, with a check. */
export function settingsOf(text: string, context: ErrorContext): ValueSettings {
  return readValueSettings(JSON.parse(text) as object, undefined, context)
}
