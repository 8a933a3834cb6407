import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ClientSecretError } from '../../protocol/errors.ts'

/** Refuses a body that says itself that it is too large, before anything else is looked at. */
export function refuseTooLarge(maxSize: number): MiddlewareHandler {
  return async (context, next) => {
    if ((announcedSize(context.req.raw.headers) ?? 0) > maxSize) tooLarge(maxSize)
    return next()
  }
}

function tooLarge(maxSize: number): never {
  throw new ClientSecretError(
    'REQUEST_TOO_LARGE',
    `The request is larger than the relay takes: ${maxSize} bytes, its option limits.requestBytes.`,
  )
}

export function limitBody(maxSize: number): MiddlewareHandler {
  const refuse = () => tooLarge(maxSize)
  const counted = bodyLimit({ maxSize, onError: refuse })
  return async (context, next) => {
    const announced = announcedSize(context.req.raw.headers)
    // Counted only where it must be, because it takes a stream to count.
    if (announced === null) return counted(context, next)
    return announced > maxSize ? refuse() : next()
  }
}

/** How long the body is, by its header: HTTP servers read no more than that. Null where only the body itself can tell. */
export function announcedSize(headers: Headers): number | null {
  const length = headers.get('content-length')
  return length !== null && /^\d+$/.test(length) && !headers.has('transfer-encoding') ? Number(length) : null
}

/** A page of another site can send other types without asking first. */
export function checkJson(context: Context): void {
  const type = context.req.header('content-type') ?? ''
  if (/^application\/json\b/i.test(type)) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `A request is sent to the relay with the content type application/json; this one came with ${type || 'none'}.`,
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
