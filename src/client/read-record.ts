import { ClientSecretError, type ErrorCode } from '../protocol/errors.ts'
import type { ClientSecretRecord, UpstreamResponse, WireError } from '../protocol/record.ts'

/** The API's response. */
export interface ApiResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** The exact text, or bytes. */
  body: string | Uint8Array
}

/** The type of an answer's data. */
export type ResponseType = 'json' | 'text' | 'blob' | 'arrayBuffer'

/** The answer of a settled record. */
export interface Answer {
  record: ClientSecretRecord
  /** The body: parsed JSON, else the text or the bytes; null when empty. */
  data: unknown
  response: ApiResponse
}

/**
 * Reads a settled record.
 *
 * @param type The type of its data. Default: by its content type.
 *
 * @throws ClientSecretError the record's error, `CANCELLED`, or `INVALID_RESPONSE` for
 *   a body with invalid JSON.
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
    { requestId: id, ...(error ?? { code: 'INTERNAL', message: 'The request ended without an answer.' }) },
    response?.status,
    response && parseBody(response),
  )
}

export function errorFromWire(wire: WireError, status?: number, data?: unknown): ClientSecretError {
  // A later relay may have codes of its own.
  return new ClientSecretError(wire.code as ErrorCode, wire.message, { ...wire, status: wire.status ?? status, data })
}

/** An API's response with its body as the hooks' `data`. */
export interface ParsedResponse<Data = unknown> {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** Parsed JSON, else the text or the bytes; null when empty. */
  body: Data
}

export function parsedResponse(wire: UpstreamResponse): ParsedResponse {
  const response = apiResponse(wire)
  return { ...response, body: response.body.length ? parseBody(response) : null }
}

function apiResponse({ status, headers, body, encoding, bytes }: UpstreamResponse): ApiResponse {
  return {
    status,
    headers,
    body: bytes ?? (encoding ? Uint8Array.from(atob(body), (char) => char.charCodeAt(0)) : body),
  }
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

/** Without `requestId`, invalid JSON is a text and no error. */
function parseBody({ status, headers, body }: ApiResponse, requestId?: string): unknown {
  if (requestId && !body.length) return null
  if (typeof body !== 'string' || !/^application\/(.+\+)?json\s*(;|$)/i.test(headers['content-type'] ?? '')) return body
  try {
    // Without the byte order mark, as in `fetch`.
    return JSON.parse(body.replace(/^\uFEFF/, ''))
  } catch (cause) {
    if (!requestId) return body
    const message = `The API answered ${status} with invalid JSON: ${body.slice(0, 80)}`
    throw new ClientSecretError('INVALID_RESPONSE', message, { status, data: body, requestId, cause })
  }
}
