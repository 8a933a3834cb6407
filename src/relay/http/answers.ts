import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { errorStatus } from '../../protocol/error-codes.ts'
import { ClientSecretError } from '../../protocol/errors.ts'
import { isSettled, recordWithBytes } from '../../protocol/record.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { toWire, wireTexts, type StoredRecord } from '../database/stored-record.ts'
import { wireError } from '../keys/redacted-error.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import { bodyWithBytes, handOut, textBody, type AnswerBody } from './answer-body.ts'

export function answer(context: Context, texts: readonly string[], room: Room, status: 200 | 202 = 200): Response {
  return bodyAnswer(context, textBody(texts), room, status)
}

/** A settled record with its answer, or the progress of a background request. */
export function recordAnswer(context: Context, record: StoredRecord, room: Room): Response {
  const { response } = record
  if (response?.encoding === 'base64' && context.req.header('accept')?.includes(recordWithBytes)) {
    const { body, encoding: _encoding, ...head } = response
    const json = JSON.stringify({ ...toWire({ ...record, response: null }), response: { ...head, body: '' } })
    return bodyAnswer(context, bodyWithBytes(json, body), room, 200, recordWithBytes)
  }
  return answer(context, wireTexts(record), room, isSettled(record) ? 200 : 202)
}

function bodyAnswer(
  context: Context,
  body: AnswerBody,
  room: Room,
  status: 200 | 202,
  type = 'application/json',
): Response {
  const { method, signal } = context.req.raw
  // Hono answers HEAD as GET, without the body.
  const content = method === 'HEAD' ? (room.leave(), '') : handOut(body, room, signal)
  return context.body(content, status, { 'content-type': type })
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
    `The relay has no ${context.req.method} ${pathname}. It answers POST and GET /requests, POST /fetch, DELETE /requests/:id, GET /requests/:id/stream, GET /queues/:name, GET /health, GET /ready and, for an administrator, /keys, /audit, /metrics and /console, below its mount path. Check the relay's address in the call.`,
  )
}
