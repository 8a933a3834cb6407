import { STATUS_CODES } from 'node:http'
import type { UpstreamResponse, WireError } from '../../protocol/record.ts'
import { failedAnswer } from '../../protocol/failed-answer.ts'
import { retryAfterOf } from './retry-after.ts'

/** The error for an answer with a status of 400 or more. Node knows the names of the statuses. */
export function errorOfAnswer(response: UpstreamResponse): WireError {
  const wait = retryAfterOf(response.headers['retry-after'])
  return failedAnswer(response, {
    reason: STATUS_CODES[response.status],
    retryAfter: wait === null ? undefined : wait / 1000,
  })
}
