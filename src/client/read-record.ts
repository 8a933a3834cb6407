import { ClientSecretError, isErrorCode } from '../protocol/errors.ts'
import type { ClientSecretRecord, UpstreamResponse, WireError } from '../protocol/record.ts'

/** The upstream's answer. */
export interface ApiResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** The exact text; bytes where the upstream sent bytes. */
  body: string | Uint8Array
}

/** How the body of an answer is given. */
export type ResponseType = 'json' | 'text' | 'blob' | 'arrayBuffer'

/** A settled record, read. */
export interface Answer {
  record: ClientSecretRecord
  /** The body: parsed when its content type is JSON, else the text or the bytes; null when empty. */
  data: unknown
  response: ApiResponse
}

/**
 * Reads a settled record.
 *
 * @param type How its body is given. Default: by its content type.
 *
 * @throws ClientSecretError what the record failed with, `CANCELLED`, or
 *   `INVALID_RESPONSE` for a body that says it is JSON and is not.
 */
export function readRecord(record: ClientSecretRecord, type?: ResponseType): Answer {
  const { id, status, error, response: wire } = record
  const response = wire && apiResponse(wire)
  if (status === 'resolved' && response)
    return { record, response, data: type ? bodyAs(type, response, id) : parseBody(response, id) }
  if (status === 'cancelled') {
    throw new ClientSecretError('CANCELLED', 'The request was cancelled before it had an answer.', { requestId: id })
  }
  throw errorFromWire(
    { requestId: id, ...(error ?? { code: 'INTERNAL', message: 'The request has ended without an answer.' }) },
    response?.status,
    response && parseBody(response),
  )
}

export function errorFromWire(wire: WireError, status?: number, data?: unknown): ClientSecretError {
  // A code that a later relay invented is still an error.
  const code = isErrorCode(wire.code) ? wire.code : 'INTERNAL'
  return new ClientSecretError(code, wire.message, { ...wire, status: wire.status ?? status, data })
}

function apiResponse({ status, headers, body, encoding }: UpstreamResponse): ApiResponse {
  return { status, headers, body: encoding ? Uint8Array.from(atob(body), (char) => char.charCodeAt(0)) : body }
}

function bodyAs(type: ResponseType, response: ApiResponse, requestId: string): unknown {
  const { body, headers } = response
  const contentType = headers['content-type'] ?? ''
  const text = () => (typeof body === 'string' ? body : new TextDecoder().decode(body))
  switch (type) {
    case 'json':
      return parseBody({ ...response, body: text(), headers: { 'content-type': 'application/json' } }, requestId)
    case 'text':
      return text()
    case 'blob':
      return new Blob([body as BlobPart], { type: contentType })
    case 'arrayBuffer':
      return typeof body === 'string' ? new TextEncoder().encode(body).buffer : body.buffer
    default:
      throw new ClientSecretError(
        'INVALID_PARAMETER',
        `responseType must be json, text, blob or arrayBuffer; it is ${String(type)}.`,
        { path: 'responseType', requestId },
      )
  }
}

/** Without the id of a request, as for the body of a failure: whatever can be had of it, never a second error. */
function parseBody({ status, headers, body }: ApiResponse, requestId?: string): unknown {
  if (requestId && !body.length) return null
  if (typeof body !== 'string' || !/^application\/(.+\+)?json\s*(;|$)/i.test(headers['content-type'] ?? '')) return body
  try {
    // As `fetch` does it: a byte order mark is no part of the text.
    return JSON.parse(body.replace(/^\uFEFF/, ''))
  } catch (cause) {
    if (!requestId) return body
    const message = `The API answered ${status} with a body that says it is JSON and is not: ${body.slice(0, 80)}`
    throw new ClientSecretError('INVALID_RESPONSE', message, { status, data: body, requestId, cause })
  }
}
