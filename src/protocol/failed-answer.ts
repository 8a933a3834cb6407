import type { UpstreamResponse, WireError } from './record.ts'

/**
 * The error for an answer with a status of 400 or more. The answer itself goes with it.
 *
 * @param reason The name of the status, such as `Not Found`, if known.
 * @param retryAfter Seconds.
 */
export function failedAnswer(
  { status, headers, body }: UpstreamResponse,
  { reason = '', retryAfter }: { reason?: string | undefined; retryAfter?: number | undefined },
): WireError {
  const said = /json/i.test(headers['content-type'] ?? '') ? messageIn(body) : undefined
  return {
    code: 'UPSTREAM_ERROR',
    message:
      `The API answered ${status} ${reason}`.trim() + (said ? `: ${said}` : ". Its answer is in the error's data."),
    status,
    retryAfter,
  }
}

/** The message in an error body. Most APIs have it in error.message, message, or error. */
function messageIn(body: string): string | undefined {
  try {
    const { error, message } = JSON.parse(body) as { error?: { message?: unknown } | string; message?: unknown }
    const said = (typeof error === 'object' ? error?.message : error) ?? message
    return typeof said === 'string' ? said.slice(0, 500) : undefined
  } catch {
    return undefined
  }
}
