import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ClientSecretError } from '../protocol/errors.ts'

export function limitBody(maxSize: number): MiddlewareHandler {
  return bodyLimit({
    maxSize,
    onError: () => {
      throw new ClientSecretError(
        'REQUEST_TOO_LARGE',
        `The request is larger than the relay takes: ${maxSize} bytes, its option limits.requestBytes.`,
      )
    },
  })
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
