import { ClientSecretError, isClientSecretError, type ErrorCode } from '../protocol/errors.ts'
import { fetchErrorType } from '../protocol/fetch.ts'
import { refusals } from './fetch-with.ts'

/** SDKs put what was answered no deeper into their errors. */
const maxDepth = 5

/**
 * Why the relay refused a call of an SDK: looks through what the SDK threw, or at a Response of `fetchWith`. Undefined
 * where the relay refused nothing, such as for an answer of the API itself.
 *
 * @example
 * const isSignInRequired = (thrown: unknown) => clientSecretErrorOf(thrown)?.code === 'SIGN_IN_REQUIRED'
 */
export function clientSecretErrorOf(thrownOrResponse: unknown): ClientSecretError | undefined {
  return find(thrownOrResponse, maxDepth)
}

function find(value: unknown, depth: number): ClientSecretError | undefined {
  if (typeof value === 'string' && value.includes(fetchErrorType)) return find(parsed(value), depth)
  if (typeof value !== 'object' || value === null || depth === 0) return undefined
  if (isClientSecretError(value)) return value
  const refused = refusals.get(value)
  if (refused) return refused
  const { type, code, message, param } = value as Record<string, unknown>
  // A later relay may have codes of its own. Some SDKs give their error this type, too, and no code.
  if (type === fetchErrorType && typeof code === 'string')
    return new ClientSecretError(code as ErrorCode, String(message), {
      path: typeof param === 'string' ? param : undefined,
    })
  // Also those that are not enumerable, such as cause.
  for (const name of Object.getOwnPropertyNames(value)) {
    const found = find((value as Record<string, unknown>)[name], depth - 1)
    if (found) return found
  }
  return undefined
}

/** SDKs put their own words before what was answered. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf('{')))
  } catch {
    return undefined
  }
}
