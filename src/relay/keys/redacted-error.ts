import type { ClientSecretError } from '../../protocol/errors.ts'
import type { WireError } from '../../protocol/record.ts'
import type { Redactor } from './redaction/redactor.ts'

/** An error as the relay sends and stores it. Its message may quote a caller or an API, so it is redacted. */
export function wireError(
  { code, message, path, requestId, retryAfter }: ClientSecretError,
  redactor: Redactor,
): WireError {
  return { code, message: redactor.text(message), path: path && redactor.text(path), requestId, retryAfter }
}
