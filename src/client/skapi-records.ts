import { ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord, RecordStatus, UpstreamResponse } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'

/** The methods that Skapi knows. */
export type SkapiMethod = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** What Skapi needs to find a request. It is the record's id, so a reload needs nothing else. */
export interface Address {
  id: string
  method: SkapiMethod
  url: string
  queue: string | undefined
}

/** Seconds; Skapi does not send its own value. */
const defaultLifetime = 86_400

// Encoded, without the separators of a poll.
function writeAddress({ id, method, url, queue }: Address): string {
  return encodeURIComponent(JSON.stringify(queue === undefined ? [id, method, url] : [id, method, url, queue]))
}

export function readAddress(recordId: string): Address {
  try {
    const [id, method, url, queue] = JSON.parse(decodeURIComponent(recordId)) as [
      string,
      SkapiMethod,
      string,
      string | undefined,
    ]
    return { id, method, url, queue }
  } catch (cause) {
    throw new ClientSecretError('REQUEST_NOT_FOUND', 'This is not the id of a request that was sent through Skapi.', {
      requestId: recordId,
      cause,
    })
  }
}

export function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

export function idOf(answer: unknown): string | undefined {
  const { id } = fieldsOf(answer)
  return typeof id === 'string' ? id : undefined
}

/**
 * Whether Skapi says that the request waits or runs. As in skapi-js, the status decides: Skapi adds fields.
 * An API's body with another id is an answer.
 */
export function isWaiting(answer: unknown, id: string): boolean {
  const fields = fieldsOf(answer)
  return (
    (fields['status'] === 'pending' || fields['status'] === 'running') &&
    (fields['id'] === undefined || String(fields['id']).endsWith(id))
  )
}

type Fields = Pick<ClientSecretRecord, 'status'> & Partial<ClientSecretRecord>

export function waitingFields(answer: unknown): Fields {
  const { status, in_queue } = fieldsOf(answer)
  return { status: status as RecordStatus, inQueue: typeof in_queue === 'number' ? in_queue : undefined }
}

/** Skapi gives the API's body, without status and headers. */
export function settledFields(answer: unknown): Fields {
  return { status: 'resolved', response: responseOf(answer) }
}

function responseOf(body: unknown, status = 200): UpstreamResponse {
  return typeof body === 'string'
    ? { status, headers: { 'content-type': 'text/plain' }, body }
    : { status, headers: { 'content-type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body) }
}

export function recordOf(
  address: Address,
  fields: Fields,
  { expires = defaultLifetime }: Partial<ClientSecretRequest> = {},
): ClientSecretRecord {
  const now = Date.now()
  return {
    id: writeAddress(address),
    // Skapi has no versions.
    version: fields.inQueue === undefined ? fields.status : `${fields.status}.${fields.inQueue}`,
    queueName: address.queue,
    createdAt: now,
    updatedAt: now,
    expiresAt: now + expires * 1000,
    ...fields,
  }
}

/** An item of Skapi's history. 2.0 adds `created` and `queue_name`. */
export function historyRecord(
  item: unknown,
  { url, method, queue: queueOfFilter }: Omit<Address, 'id'>,
  compact: boolean,
): ClientSecretRecord {
  const { id, status, status_code, response_body, error, created, updated, request_body, expires, queue_name } =
    fieldsOf(item)
  const queue = typeof queue_name === 'string' && queue_name ? queue_name : queueOfFilter
  const isKnown = status === 'pending' || status === 'running' || status === 'failed'
  const body = fieldsOf(request_body)
  return {
    ...recordOf(
      { id: String(id), method, url, queue },
      {
        status: isKnown ? status : 'resolved',
        response:
          compact || response_body === null || response_body === undefined
            ? undefined
            : responseOf(response_body, Number(status_code ?? 200)),
        error:
          status === 'failed'
            ? {
                code: 'UPSTREAM_ERROR',
                message: typeof error === 'string' ? error : "The API failed; its answer is in the error's data.",
              }
            : undefined,
      },
    ),
    ...(typeof updated === 'number' && { updatedAt: updated, createdAt: updated }),
    ...(typeof created === 'number' && { createdAt: created }),
    // Skapi counts it in seconds.
    ...(typeof expires === 'number' && { expiresAt: expires * 1000 }),
    request: { clientSecretName: '', url, method, queue, ...(compact ? {} : { data: body }) },
  }
}

/** The record of a request whose API failed. @throws any other error. */
export function failedRecord(
  address: Address,
  error: ClientSecretError,
  request?: ClientSecretRequest,
): ClientSecretRecord {
  if (error.code !== 'UPSTREAM_ERROR') throw error
  return recordOf(address, { status: 'failed', error: { code: error.code, message: error.message } }, request)
}
