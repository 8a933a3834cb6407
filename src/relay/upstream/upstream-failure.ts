import { STATUS_CODES } from 'node:http'
import type { UpstreamResponse, WireError } from '../../protocol/record.ts'
import { upstreamError } from '../../protocol/upstream-error.ts'
import { retryAfterOf } from './retry-after.ts'

/** The error for an answer with a status of 400 or more. Node knows the names of the statuses. */
export function upstreamFailure(response: UpstreamResponse): WireError {
  const wait = retryAfterOf(response.headers['retry-after'])
  return upstreamError(response, {
    reason: STATUS_CODES[response.status],
    retryAfter: wait === null ? undefined : wait / 1000,
  })
}
