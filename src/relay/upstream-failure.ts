import { STATUS_CODES } from 'node:http'
import type { UpstreamResponse, WireError } from '../protocol/record.ts'
import { retryAfterOf } from './upstream-pause.ts'

/** What is said of an answer of 400 or more. The answer itself goes along. */
export function upstreamFailure({ status, headers, body }: UpstreamResponse): WireError {
  const said = /json/i.test(headers['content-type'] ?? '') ? messageIn(body) : undefined
  const wait = retryAfterOf(headers['retry-after'])
  return {
    code: 'UPSTREAM_ERROR',
    message:
      `The API answered ${status} ${STATUS_CODES[status] ?? ''}`.trim() +
      (said ? `: ${said}` : ". Its answer is in the error's data."),
    status,
    retryAfter: wait === null ? undefined : wait / 1000,
  }
}

/** The sentence in an error body, where the usual APIs put it: error.message, message, or error. */
function messageIn(body: string): string | undefined {
  try {
    const { error, message } = JSON.parse(body) as { error?: { message?: unknown } | string; message?: unknown }
    const said = (typeof error === 'object' ? error?.message : error) ?? message
    return typeof said === 'string' ? said.slice(0, 500) : undefined
  } catch {
    return undefined
  }
}
