/**
 * Every error this package makes, in one table: the code, the HTTP status the
 * relay answers it with (0: it never travels, it arises in the client), and
 * what it means. The sentence for the developer is written where the error is
 * made, because only there is it known what happened; what to do about it, at
 * length, is in README, one heading for each code.
 */
export const errorStatus = {
  /** A parameter has the wrong shape. `path` names it. */
  INVALID_PARAMETER: 400,
  /** `$CLIENT_SECRET` stands in no value of url, headers, params or data. */
  PLACEHOLDER_MISSING: 400,
  /** The relay knows no key of this name. */
  KEY_NOT_FOUND: 404,
  /** The key is locked and nobody is signed in. */
  SIGN_IN_REQUIRED: 401,
  /** The key's rules do not allow this url, method or place. */
  NOT_ALLOWED: 403,
  /** The page that asks is not of an origin the relay serves. */
  ORIGIN_NOT_ALLOWED: 403,
  /** There is no such record, or it belongs to somebody else. */
  REQUEST_NOT_FOUND: 404,
  /** The record was removed because its `expires` has passed. */
  EXPIRED: 410,
  /** The request was cancelled before it had an answer. */
  CANCELLED: 409,
  /** The caller has too many requests waiting already. */
  QUEUE_FULL: 429,
  /** The caller sends too many requests. */
  RATE_LIMITED: 429,
  /** The body sent to the relay is over its limit. */
  REQUEST_TOO_LARGE: 413,
  /** The upstream's answer is over the relay's limit. */
  RESPONSE_TOO_LARGE: 502,
  /** The relay could not get the token that the API wants in place of the secret. */
  TOKEN_FAILED: 502,
  /** The upstream answered with a status of 400 or more; its body is in `data`. */
  UPSTREAM_ERROR: 502,
  /** The upstream did not answer in time. */
  UPSTREAM_TIMEOUT: 504,
  /** The upstream could not be reached, or broke off in the middle. */
  UPSTREAM_UNREACHABLE: 502,
  /** The relay stopped while the request ran; the upstream may have acted. */
  INTERRUPTED: 500,
  /** An answer does not have the shape it was said to have. */
  INVALID_RESPONSE: 502,
  /** The relay is stopping, or a part that it needs is away; try again. */
  UNAVAILABLE: 503,
  /** Something unforeseen; the relay's log knows more under `requestId`. */
  INTERNAL: 500,
  /** The relay could not be reached. */
  NETWORK_ERROR: 0,
  /** A component sent the same request again and again. */
  SEND_LOOP: 0,
  /** The caller's `signal` was aborted. */
  ABORTED: 0,
} as const

/** What went wrong, in a word for programs. The page Errors has the cause and the remedy of each. */
export type ErrorCode = keyof typeof errorStatus

/** What an error says beside its code and its message. */
export interface ClientSecretErrorDetails {
  /** HTTP status; default: the code's own, from the table. */
  status?: number | undefined
  /** Where in the parameters, such as `params.page` or `data#/model`. */
  path?: string | undefined
  /** The upstream's error body, parsed. */
  data?: unknown
  /** Id of the record, or of the log line for an unforeseen error. */
  requestId?: string | undefined
  /** Seconds to wait before another try. */
  retryAfter?: number | undefined
  cause?: unknown
}

// In the registry of symbols, so that it is one symbol in both module systems
// and in two copies of this package.
const marker = Symbol.for('react-client-secret.error')

/** Where each code has a heading of its own. */
const explanations = 'https://www.npmjs.com/package/react-client-secret'

/** The one error class of this package. `isClientSecretError` recognises it. Its message is a sentence for the developer. */
export class ClientSecretError extends Error {
  override readonly name = 'ClientSecretError'
  declare readonly code: ErrorCode
  /** The address of what explains the code. */
  declare readonly help: string
  /** HTTP status: the upstream's for `UPSTREAM_ERROR`, else the relay's; 0 where no answer came. */
  declare readonly status: number
  /** Where in the parameters, such as `params.page`. */
  declare readonly path: string | undefined
  /** The upstream's error body, parsed. */
  declare readonly data: unknown
  declare readonly requestId: string | undefined
  /** Seconds to wait before another try. */
  declare readonly retryAfter: number | undefined
  constructor(code: ErrorCode, message: string, details: ClientSecretErrorDetails = {}) {
    super(message, details)
    const { status = errorStatus[code], path, data, requestId, retryAfter } = details
    Object.assign(this, {
      code,
      help: `${explanations}#${code.toLowerCase()}`,
      status,
      path,
      data,
      requestId,
      retryAfter,
    })
  }

  // On the prototype, so that a printed error does not show it.
  get [marker](): true {
    return true
  }
}

/** True for errors of this package, also for those of another copy of it. */
export function isClientSecretError(value: unknown): value is ClientSecretError {
  return typeof value === 'object' && value !== null && marker in value
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorStatus, value)
}

/** True when there is no such request, or none any more: asking again is of no use. */
export function isGone(thrown: unknown): boolean {
  return isClientSecretError(thrown) && (thrown.code === 'EXPIRED' || thrown.code === 'REQUEST_NOT_FOUND')
}

/** What is thrown here is never `undefined`, a string or somebody else's class further up. */
export function asClientSecretError(thrown: unknown): ClientSecretError {
  if (isClientSecretError(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new ClientSecretError('INTERNAL', message, { cause: thrown })
}
