import type { ClientSecretRequest, Method } from '../../protocol/request.ts'
import { findRule, isAllowed } from '../keys/key-rules.ts'
import type { Key } from '../keys/key.ts'

/** A second time would be a second order, message or image. */
export function isOnceOnly(method: Method): boolean {
  return method === 'POST' || method === 'PATCH'
}

/** Whether a request whose run did not end may be run again. */
export function isRepeatable(key: Key | undefined, request: ClientSecretRequest): boolean {
  if (!isOnceOnly(request.method)) return true
  return key !== undefined && isAllowed(key, request) && findRule(key.name, key.rules, request).retryable
}
