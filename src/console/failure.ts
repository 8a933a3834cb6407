import { asClientSecretError, ClientSecretError, isErrorCode } from '../protocol/errors.ts'
import type { WireError } from '../protocol/record.ts'

/** A failure as the page shows it. */
export interface Failure {
  /** What happened, and what to do. */
  sentence: string
  /** The address of the page that explains the error's code. */
  help?: string | undefined
}

/** Reads what was thrown, or what a record failed with. */
export function failureOf(thrown: unknown): Failure {
  const { code, message } = Object(thrown) as Partial<WireError>
  const error = isErrorCode(code) ? new ClientSecretError(code, message ?? '') : asClientSecretError(thrown)
  return { sentence: error.message, help: error.help }
}
