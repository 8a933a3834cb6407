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
 * @throws ClientSecretError what the record failed with, `CANCELLED`, or
 *   `INVALID_RESPONSE` for a body that says it is JSON and is not.
 */
export function readRecord(record: ClientSecretRecord): Answer {
  if (record.status === 'cancelled') {
    throw new ClientSecretError('CANCELLED', 'The request was cancelled before it had an answer.', {
      requestId: record.id,
    })
  }
  if (record.status === 'failed' || !record.response) throw failureOf(record)
  const response = apiResponse(record.response)
  return { record, response, data: parseBody(response, record.id) }
}

function failureOf({ id, error, response }: ClientSecretRecord): ClientSecretError {
  const wire = error ?? { code: 'INTERNAL', message: 'The relay settled the request without an answer.' }
  return errorFromWire({ requestId: id, ...wire }, response?.status, response && errorBody(apiResponse(response)))
}

export function errorFromWire(wire: WireError, status?: number, data?: unknown): ClientSecretError {
  // A code that a later relay invented is still an error.
  const code = isErrorCode(wire.code) ? wire.code : 'INTERNAL'
  return new ClientSecretError(code, wire.message, { ...wire, status: wire.status ?? status, data })
}

function apiResponse({ status, headers, body, encoding }: UpstreamResponse): ApiResponse {
  return {
    status,
    headers,
    body: encoding === 'base64' ? Uint8Array.from(atob(body), (char) => char.charCodeAt(0)) : body,
  }
}

function isJson({ headers }: ApiResponse): boolean {
  return /^application\/(.+\+)?json\s*(;|$)/i.test(headers['content-type'] ?? '')
}

/** As `fetch` does it: a byte order mark is no part of the text. */
function parseJson(text: string): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ''))
}

function parseBody(response: ApiResponse, requestId: string): unknown {
  const { body } = response
  if (body.length === 0) return null
  if (typeof body !== 'string' || !isJson(response)) return body
  try {
    return parseJson(body)
  } catch (cause) {
    throw new ClientSecretError(
      'INVALID_RESPONSE',
      `The API answered ${response.status} with a body that says it is JSON and is not: ${JSON.stringify(body.slice(0, 80))}.`,
      {
        status: response.status,
        data: body,
        requestId,
        cause,
      },
    )
  }
}

/** The body of a failure: whatever can be had of it, never a second error. */
function errorBody(response: ApiResponse): unknown {
  if (typeof response.body !== 'string' || !isJson(response)) return response.body
  try {
    return parseJson(response.body)
  } catch {
    return response.body
  }
}
