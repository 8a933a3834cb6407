import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { errorStatus } from '../../protocol/error-codes.ts'
import { ClientSecretError } from '../../protocol/errors.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { wireError } from '../keys/redacted-error.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import { handOut } from './answer-body.ts'

export function answer(context: Context, texts: readonly string[], room: Room, status: 200 | 202 = 200): Response {
  const { method, signal } = context.req.raw
  const headers = { 'content-type': 'application/json' }
  // Hono answers HEAD as GET, without the body.
  const body = method === 'HEAD' ? (room.leave(), '') : handOut(texts, room, signal)
  return context.body(body, status, headers)
}

export function errorAnswer(context: Context, error: ClientSecretError, secrets: Redactor): Response {
  const { retryAfter } = error
  const status = error.status || errorStatus[error.code]
  return context.json(
    { error: wireError(error, secrets) },
    status as ContentfulStatusCode,
    retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) },
  )
}

export function noSuchRoute(context: Context): ClientSecretError {
  const { pathname } = new URL(context.req.url)
  return new ClientSecretError(
    'REQUEST_NOT_FOUND',
    `The relay has no ${context.req.method} ${pathname}. It answers POST and GET /requests, POST /fetch, DELETE /requests/:id, GET /requests/:id/stream, GET /queues/:name, GET /health and, for an administrator, /keys, /audit, /metrics and /console, below its mount path. Check the relay's address in the call.`,
  )
}
