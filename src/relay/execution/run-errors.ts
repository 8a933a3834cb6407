import { ClientSecretError } from '../../protocol/errors.ts'
import { expiredMessage } from '../../protocol/record.ts'
import { isErrorCode } from '../../protocol/error-codes.ts'
import type { Outcome, RecordSummary } from '../database/stored-record.ts'

/** Ends a call that its caller cancelled, or that another relay makes now. */
export const cancelled = new ClientSecretError('CANCELLED', 'The request was cancelled.')

/** Ends a call whose record expired. Its call would no longer count, and the next of its queue would run beside it. */
export const expired = new ClientSecretError('EXPIRED', expiredMessage)

/** Ends a call whose caller disconnected. */
export function abandoned(): ClientSecretError {
  return new ClientSecretError(
    'ABORTED',
    'The caller disconnected, so the relay ended the API call. The API may have acted on it already.',
  )
}

/** Why a settled record has no answer; undefined if it is resolved. */
export function errorOfRecord({
  id: requestId,
  status,
  error,
}: Pick<RecordSummary, 'id' | 'status' | 'error'>): ClientSecretError | undefined {
  if (status === 'cancelled') return new ClientSecretError('CANCELLED', cancelled.message, { requestId })
  if (!error) return undefined
  const { code, message, path } = error
  return new ClientSecretError(isErrorCode(code) ? code : 'INTERNAL', message, { requestId, path })
}

/** Whether there is no answer because the relay ended the call. */
export function isAborted({ error }: Outcome): boolean {
  return error?.code === 'ABORTED' || error?.code === 'CANCELLED'
}

export function keyNotFound(name: string): ClientSecretError {
  return new ClientSecretError(
    'KEY_NOT_FOUND',
    `The relay knows no key named "${name}". Register it under keys in the relay's configuration or with client-secret-relay keys add, or correct clientSecretName.`,
    { path: 'clientSecretName' },
  )
}

export function signInRequired(name: string): ClientSecretError {
  return new ClientSecretError(
    'SIGN_IN_REQUIRED',
    `The key "${name}" is locked: only signed-in users may use it, and the relay's authenticate found no user in this call.`,
    { path: 'clientSecretName' },
  )
}

/** The message of an unexpected error. It says where to look, and nothing about the cause. */
export function unforeseen(requestId: string): string {
  return `An unexpected error happened in the relay. Its log has the reason under ${requestId}.`
}
