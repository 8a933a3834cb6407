import { ClientSecretError } from '../protocol/errors.ts'
import { failedAnswer } from '../protocol/failed-answer.ts'
import { inFrontOfBody, maxHeaderJson } from '../protocol/fetch.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import type { FetchAnswer, FetchCall } from './call-fetch.ts'
import { errorFromWire } from './read-record.ts'
import type { StreamResponse } from './stream-content.ts'
import { toJson } from './to-json.ts'

/** The calls of a stream to the relay, and the errors of its answers. */

/** The relay has forgotten the answer. */
export function restarted(requestId: string): ClientSecretError {
  return new ClientSecretError(
    'INTERRUPTED',
    'The relay no longer has the rest of this answer. Send the request as a new one.',
    { requestId },
  )
}

/** The error for an answer with a status of 400 or more. */
export async function errorOf(
  response: StreamResponse,
  body: FetchAnswer['body'],
  requestId: string,
): Promise<ClientSecretError> {
  const text = await new Response(body).text()
  const wire = failedAnswer({ ...response, body: text }, {})
  return errorFromWire({ ...wire, requestId }, response.status, parsed(text))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** In front of an empty body if it is long. Not in a Blob, because that of jsdom is none of fetch's. */
export function described(json: string): Pick<FetchCall, 'header' | 'body'> {
  if (json.length <= maxHeaderJson) return { header: btoa(json), body: '' }
  const body = new TextEncoder().encode(`0000${json}`)
  new DataView(body.buffer).setUint32(0, json.length)
  return { header: inFrontOfBody, body }
}

/** The request of a stream that runs in the background: a copy, which later changes of `params` leave alone. */
export function inBackground(params: object, poll: number): ClientSecretRequest {
  return { ...(JSON.parse(toJson(params)) as ClientSecretRequest), poll, keep: true }
}

/** Asks for the rest of a kept stream. */
export function restOf({ idempotencyKey }: FetchCall, id: string, after: number): FetchCall {
  return {
    idempotencyKey,
    header: '',
    path: `/requests/${encodeURIComponent(id)}/stream?after=${after}`,
    method: 'GET',
  }
}
