import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'

/** Time limit of a connection attempt, in milliseconds. */
export const connectTimeout = 10_000

/** A caller who chooses the parts could split a secret into pieces that redaction does not recognise. */
export function partRefused(): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    "The API's answer is a part of something larger (206, or with Content-Range). The relay cannot find a secret that is cut in two, so it does not pass the part on. Ask the API for the whole.",
  )
}

export function tooLarge(limit: number): ClientSecretError {
  return new ClientSecretError(
    'RESPONSE_TOO_LARGE',
    `The API's answer is larger than ${limit} bytes, the relay's limit (limits.responseBytes). Ask the API for less, or raise the limit.`,
  )
}

export function downloadTooLarge(limit: number): ClientSecretError {
  return new ClientSecretError(
    'RESPONSE_TOO_LARGE',
    `The API's answer is larger than ${limit} bytes, the relay's limit for a streamed answer (limits.downloadBytes). Ask the API for less, or raise the limit.`,
  )
}

export function wentSilent({ host }: URL, milliseconds: number): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_TIMEOUT',
    `${host} sent nothing more of its answer for ${milliseconds} milliseconds.`,
  )
}

export function uploadStopped({ host }: URL, milliseconds: number): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_TIMEOUT',
    `The upload to ${host} made no progress for ${milliseconds} milliseconds (limits.streamIdleTimeout).`,
  )
}

export function timedOut(url: URL, milliseconds: number, cause?: unknown): ClientSecretError {
  return new ClientSecretError('UPSTREAM_TIMEOUT', `${url.host} did not answer within ${milliseconds} milliseconds.`, {
    cause,
  })
}

/** Whether there was no connection to the API, so that it cannot have acted. */
export function isWithoutConnection({ cause }: { cause?: unknown }): boolean {
  return /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)$/.test((cause as { code?: string })?.code ?? '')
}

/** The cause of a failed call in our words: undici's messages say more about the relay than about the API. */
export function callError(thrown: unknown, url: URL): ClientSecretError {
  const error = thrown as NodeJS.ErrnoException & { cause?: unknown }
  if (isClientSecretError(error)) return error
  if (isClientSecretError(error.cause)) return error.cause
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return timedOut(url, connectTimeout, error)
  if (error.name === 'AbortError')
    return new ClientSecretError('ABORTED', 'The relay ended the call before its answer arrived.', { cause: error })
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'its name could not be looked up',
    ECONNRESET: 'it broke the connection off',
    UND_ERR_SOCKET: 'it broke the connection off',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'it broke off in the middle of its answer',
  }
  const reason =
    reasons[error.code ?? ''] ??
    (/^(Z_|ZSTD_|ERR__ERROR_FORMAT)/.test(error.code ?? '')
      ? 'its answer could not be decompressed'
      : `the connection failed (${error.code ?? error.name})`)
  return new ClientSecretError('UPSTREAM_UNREACHABLE', `${url.host} could not be reached or broke off: ${reason}.`, {
    cause: error,
  })
}
