import type { ClientSecretRequest, Method } from './request.ts'

export const statuses = ['pending', 'running', 'resolved', 'failed', 'cancelled'] as const

/** The state of a request. `pending` waits in a queue; the last three are settled. */
export type RecordStatus = (typeof statuses)[number]

/**
 * The upstream's answer as JSON. The body is the exact text, or base64 for bytes, so
 * that no step on the way has to parse it.
 */
export interface UpstreamResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
  encoding?: 'base64' | undefined
  /** In place of `body`, the bytes of a direct answer that is no text. They travel as bytes. */
  bytes?: Uint8Array<ArrayBuffer> | undefined
}

/**
 * The content type of a record whose answer travels as bytes: the length of the record in 4 bytes, the record as JSON,
 * and the bytes. A client asks for it in `accept`.
 */
export const recordWithBytes = 'application/x-client-secret-record'

/** An error as JSON. */
export interface WireError {
  code: string
  message: string
  status?: number | undefined
  path?: string | undefined
  requestId?: string | undefined
  /** Seconds. */
  retryAfter?: number | undefined
}

/** The relay's record of a request. Times are milliseconds since 1970. */
export interface ClientSecretRecord {
  id: string
  status: RecordStatus
  /** Changes with every change of the record. Compare it for equality only. */
  version: string
  queueName?: string | undefined
  /** Position in the queue while unsettled: 1 is next, or running. */
  inQueue?: number | undefined
  createdAt: number
  updatedAt: number
  expiresAt: number
  /** The request, with the placeholder. Only in the history, and in polls without a version. */
  request?: ClientSecretRequest | undefined
  response?: UpstreamResponse | undefined
  error?: WireError | undefined
}

/** `GET /requests?ids=…`: the records that differ from the versions seen, and an error for each missing one. */
export interface PollAnswer {
  records: ClientSecretRecord[]
  errors: { id: string; error: WireError }[]
}

/** Filters a caller's past requests. A missing field matches all. */
export interface HistoryFilter {
  /** The exact url of the request. */
  url?: string | undefined
  method?: Method | undefined
  /** The queue's exact name. */
  queue?: string | undefined
  status?: RecordStatus | undefined
  /** Without the request's `data` and the response. Default: false. */
  compact?: boolean | undefined
  /** The maximum of records in a page, 1 to 100. A page of large records holds fewer; its cursor leads on. Default: 20. */
  limit?: number | undefined
  /** The cursor of the previous page. Default: begins with the newest record. */
  cursor?: string | undefined
}

/** `GET /requests`: a page of the history, the newest first. */
export interface HistoryPage {
  records: ClientSecretRecord[]
  /** Leads to the next page; null at the end. A page with fewer records than `limit` may have one too. */
  cursor: string | null
}

/** `DELETE /requests/:id`. */
export interface CancelAnswer {
  /** False if the request had already settled. */
  removed: boolean
  message: string
}

/** `GET /queues/:name`. */
export interface QueueCount {
  queueName: string
  /** The number of the caller's unsettled requests in queues of this name, including the running one. */
  inQueue: number
}

/** The message for an expired record, from the relay, or from the client while the relay is unavailable. */
export const expiredMessage = 'The request has expired. The relay keeps its record for `expires` seconds only.'

/** True when the request has its final state. */
export function isSettled(record: { status: RecordStatus }): boolean {
  return record.status === 'resolved' || record.status === 'failed' || record.status === 'cancelled'
}
