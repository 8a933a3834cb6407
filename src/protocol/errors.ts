import type { ErrorCode } from './error-codes.ts'

export type { ErrorCode }

/** The fields of an error besides code and message. */
export interface ClientSecretErrorDetails {
  /** HTTP status. Default 0. */
  status?: number | undefined
  /** Where in the parameters, such as `params.page` or `data#/model`. */
  path?: string | undefined
  /** The upstream's error body, parsed. */
  data?: unknown
  /** Id of the record, or of the log entry for an unexpected error. */
  requestId?: string | undefined
  /** Seconds to wait before another try. */
  retryAfter?: number | undefined
  cause?: unknown
}

// In the registry of symbols, so that it is one symbol in both module systems
// and in two copies of this package.
const marker = Symbol.for('react-client-secret.error')

/** The page with a heading for each code. */
const explanations = 'https://www.npmjs.com/package/react-client-secret'

/** The error class of this package; `isClientSecretError` recognises it. Its message is for developers. */
export class ClientSecretError extends Error {
  override readonly name = 'ClientSecretError'
  declare readonly code: ErrorCode
  /** Address of the code's explanation. */
  declare readonly help: string
  /** HTTP status: the API's for `UPSTREAM_ERROR`, else that of the relay's answer; 0 without an answer. */
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
    Object.assign(this, details, {
      code,
      help: `${explanations}#${code.toLowerCase()}`,
      status: details.status ?? 0,
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

/** True if the record does not exist, or no longer exists: another try is useless. */
export function isGone(thrown: unknown): boolean {
  return isClientSecretError(thrown) && (thrown.code === 'EXPIRED' || thrown.code === 'REQUEST_NOT_FOUND')
}

/** Turns any thrown value into an error of this package. */
export function asClientSecretError(thrown: unknown): ClientSecretError {
  if (isClientSecretError(thrown)) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new ClientSecretError('INTERNAL', message, { cause: thrown })
}
