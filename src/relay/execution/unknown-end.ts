import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'

/** The error of a request whose relay stops before the end of the request is known. */
export function stopping(requestId: string): ClientSecretError {
  return unknownEnd(requestId, 'The relay is stopping')
}

/** Turns the error of an unavailable database into one that says what it means for a request that has begun. */
export function endUnknown(requestId: string): (error: unknown) => never {
  return (error) => {
    if (!isClientSecretError(error) || error.code !== 'UNAVAILABLE') throw error
    throw unknownEnd(requestId, "The relay's database is away", error.cause)
  }
}

function unknownEnd(requestId: string, reason: string, cause?: unknown): ClientSecretError {
  const message = `${reason} and cannot tell how the request ended: the API may have acted. Send it again with the same Idempotency-Key, which calls a second time only where that does no harm.`
  return new ClientSecretError('UNAVAILABLE', message, { requestId, retryAfter: 1, cause })
}
