import { isErrorCode } from '../protocol/error-codes.ts'
import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'

/** A failure as the page shows it. */
export interface Failure {
  /** What happened, and what to do. */
  sentence: string
  /** The address of the page that explains the error's code. */
  help?: string | undefined
}

/** Reads a thrown error, or the error of a record. */
export function failureOf(thrown: unknown): Failure {
  const { code, message, help } = Object(thrown) as Partial<ClientSecretError>
  const error = isErrorCode(code) ? new ClientSecretError(code, message ?? '') : asClientSecretError(thrown)
  return { sentence: error.message, help: help ?? error.help }
}
