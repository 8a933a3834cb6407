import { ClientSecretError, isClientSecretError, type ErrorCode } from '../protocol/errors.ts'
import { fetchErrorType } from '../protocol/fetch.ts'
import { refusals } from './fetch-with.ts'

/** SDKs nest the answer no deeper in their errors. */
const maxDepth = 5

/**
 * Returns the error with which the relay refused a call of an SDK. Finds it in the SDK's error, or in a Response of
 * `fetchWith`. Undefined if the relay did not refuse the call, such as for an error of the API itself.
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
  // A later relay may have more codes. Some SDKs copy this type to their own error, without the code.
  if (type === fetchErrorType && typeof code === 'string')
    return new ClientSecretError(code as ErrorCode, String(message), {
      path: typeof param === 'string' ? param : undefined,
    })
  // Includes properties that are not enumerable, such as cause.
  for (const name of Object.getOwnPropertyNames(value)) {
    const found = find((value as Record<string, unknown>)[name], depth - 1)
    if (found) return found
  }
  return undefined
}

/** SDKs write their own text before the answer. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf('{')))
  } catch {
    return undefined
  }
}
