import { ClientSecretError, isClientSecretError } from '../../../protocol/errors.ts'

/** The error of a request whose relay stops before it knows the outcome. */
export function stopping(requestId: string): ClientSecretError {
  return unknownEnd(requestId, 'The relay is stopping')
}

/** Turns the error of an unavailable database into an error about a request that has begun. */
export function endUnknown(requestId: string): (error: unknown) => never {
  return (error) => {
    if (!isClientSecretError(error) || error.code !== 'UNAVAILABLE') throw error
    throw unknownEnd(requestId, "The relay's database is unavailable", error.cause)
  }
}

function unknownEnd(requestId: string, reason: string, cause?: unknown): ClientSecretError {
  const message = `${reason}, so the outcome of the request is unknown: the API may have acted. Send it again with the same Idempotency-Key: the relay repeats the call only if that is safe.`
  return new ClientSecretError('UNAVAILABLE', message, { requestId, retryAfter: 1, cause })
}
