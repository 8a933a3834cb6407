import type { ClientSecretError } from '../../protocol/errors.ts'
import type { WireError } from '../../protocol/record.ts'
import type { Redactor } from './redaction/redactor.ts'

/** An error as it travels and is stored. Its sentence may quote what a caller wrote or an API answered. */
export function wireError(
  { code, message, path, requestId, retryAfter }: ClientSecretError,
  redactor: Redactor,
): WireError {
  return { code, message: redactor.text(message), path: path && redactor.text(path), requestId, retryAfter }
}
