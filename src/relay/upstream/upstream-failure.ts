import { STATUS_CODES } from 'node:http'
import type { UpstreamResponse, WireError } from '../../protocol/record.ts'
import { upstreamError } from '../../protocol/upstream-error.ts'
import { retryAfterOf } from './retry-after.ts'

/** What is said of an answer of 400 or more, with what Node knows of its status and headers. */
export function upstreamFailure(response: UpstreamResponse): WireError {
  const wait = retryAfterOf(response.headers['retry-after'])
  return upstreamError(response, {
    reason: STATUS_CODES[response.status],
    retryAfter: wait === null ? undefined : wait / 1000,
  })
}
