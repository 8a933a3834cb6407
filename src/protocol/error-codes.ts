/**
 * All error codes, with the HTTP status of the relay's answer (0: an error of the
 * client). README has a heading with cause and remedy for each. Not part of
 * `errors.ts`, so that pages load no table.
 */
export const errorStatus = {
  /** A parameter has the wrong shape. `path` names it. */
  INVALID_PARAMETER: 400,
  /** No value in url, headers, params or data contains `$CLIENT_SECRET`. */
  PLACEHOLDER_MISSING: 400,
  /** The relay knows no key of this name. */
  KEY_NOT_FOUND: 404,
  /** The key is locked, and no user is signed in. */
  SIGN_IN_REQUIRED: 401,
  /** The key's rules do not allow this url, method or place. */
  NOT_ALLOWED: 403,
  /** The relay does not serve the page's origin. */
  ORIGIN_NOT_ALLOWED: 403,
  /** The record does not exist, or it belongs to another caller. */
  REQUEST_NOT_FOUND: 404,
  /** The record was removed because its `expires` has passed. */
  EXPIRED: 410,
  /** The request was cancelled before it had an answer. */
  CANCELLED: 409,
  /** The caller, the key or the shared queue has too many requests waiting already. */
  QUEUE_FULL: 429,
  /** The caller sends too many requests. */
  RATE_LIMITED: 429,
  /** The body sent to the relay is over its limit. */
  REQUEST_TOO_LARGE: 413,
  /** The upstream's answer is over the relay's limit. */
  RESPONSE_TOO_LARGE: 502,
  /** The relay could not get the token that the API needs in place of the secret. */
  TOKEN_FAILED: 502,
  /** The upstream answered with a status of 400 or more; its body is in `data`. */
  UPSTREAM_ERROR: 502,
  /** The upstream did not answer in time. */
  UPSTREAM_TIMEOUT: 504,
  /** The relay cannot reach the upstream, or the connection broke. */
  UPSTREAM_UNREACHABLE: 502,
  /** The relay stopped while the request ran; the upstream may have acted. */
  INTERRUPTED: 500,
  /** An answer does not match its schema or content type. */
  INVALID_RESPONSE: 502,
  /** The relay is stopping, or a part of it is unavailable. */
  UNAVAILABLE: 503,
  /** An unexpected error; see `requestId` in the relay's log. */
  INTERNAL: 500,
  /** The client cannot reach the relay. */
  NETWORK_ERROR: 0,
  /** A component sends the same request in a loop. */
  SEND_LOOP: 0,
  /** The caller's `signal` was aborted. */
  ABORTED: 0,
} as const

/** Why a call failed. The page Errors has the cause and the remedy of each code. */
export type ErrorCode = keyof typeof errorStatus

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorStatus, value)
}
