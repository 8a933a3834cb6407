import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ClientSecretError } from '../../protocol/errors.ts'

/** Refuses a body whose announced size is too large, before all other checks. */
export function refuseTooLarge(maxSize: number): MiddlewareHandler {
  return async (context, next) => {
    if ((announcedSize(context.req.raw.headers) ?? 0) > maxSize) tooLarge(maxSize)
    return next()
  }
}

function tooLarge(maxSize: number): never {
  throw new ClientSecretError(
    'REQUEST_TOO_LARGE',
    `The request is larger than ${maxSize} bytes, the relay's limit (limits.requestBytes). Send less data, or raise the limit.`,
  )
}

export function limitBody(maxSize: number): MiddlewareHandler {
  const refuse = () => tooLarge(maxSize)
  const counted = bodyLimit({ maxSize, onError: refuse })
  return async (context, next) => {
    const announced = announcedSize(context.req.raw.headers)
    // Counting needs a stream, so only bodies without an announced size are counted.
    if (announced === null) return counted(context, next)
    return announced > maxSize ? refuse() : next()
  }
}

/** The body's size by its header, which HTTP servers enforce. Null without such a header. */
export function announcedSize(headers: Headers): number | null {
  const length = headers.get('content-length')
  return length !== null && /^\d+$/.test(length) && !headers.has('transfer-encoding') ? Number(length) : null
}

/** A page of another site can send other types without a CORS preflight. */
export function checkJson(context: Context): void {
  const type = context.req.header('content-type') ?? ''
  if (/^application\/json\b/i.test(type)) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `The relay accepts requests with the content type application/json; this one has ${type || 'none'}.`,
    { path: 'headers.content-type' },
  )
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `The request is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    )
  }
}
