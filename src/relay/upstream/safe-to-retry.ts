import type { ClientSecretRequest, Method } from '../../protocol/request.ts'
import { ruleFor } from '../keys/key-rules.ts'
import type { Key } from '../keys/key.ts'

/** A repeat would make a second order, message or image. */
export function isNonIdempotent(method: Method): boolean {
  return method === 'POST' || method === 'PATCH'
}

/** Whether the relay may run an interrupted request again. */
export function isSafeToRetry(key: Key | undefined, request: ClientSecretRequest): boolean {
  if (!isNonIdempotent(request.method)) return true
  return key !== undefined && (ruleFor(key, request)?.retryable ?? false)
}
