import type { ClientSecretRequest, Method } from './request.ts'

export const statuses = ['pending', 'running', 'resolved', 'failed', 'cancelled'] as const

/** Where a request stands. `pending` waits in a queue; the last three are settled. */
export type RecordStatus = (typeof statuses)[number]

/**
 * The upstream's answer as it travels: the body as the exact text, or in base64
 * where it is bytes, so that nothing on the way has to parse and write it anew.
 */
export interface UpstreamResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  body: string
  encoding?: 'base64' | undefined
}

/** An error as it travels. */
export interface WireError {
  code: string
  message: string
  status?: number | undefined
  path?: string | undefined
  requestId?: string | undefined
  /** Seconds. */
  retryAfter?: number | undefined
}

/** What the relay knows of a request. Times are milliseconds since 1970. */
export interface ClientSecretRecord {
  id: string
  status: RecordStatus
  /** Differs whenever something in the record differs; compare, do not read. */
  version: string
  queueName?: string | undefined
  /** Place in line while unsettled in a queue: 1 is next, or running. */
  inQueue?: number | undefined
  createdAt: number
  updatedAt: number
  expiresAt: number
  /** What was asked, with the placeholder; told by the history, and by a poll that names no version. */
  request?: ClientSecretRequest | undefined
  response?: UpstreamResponse | undefined
  error?: WireError | undefined
}

/** `GET /requests?ids=…`: the records that differ from the versions last seen, and what became of the others. */
export interface PollAnswer {
  records: ClientSecretRecord[]
  errors: { id: string; error: WireError }[]
}

/** What of a caller's past requests is wanted; each field left out matches all. */
export interface HistoryFilter {
  /** Exactly as it was sent. */
  url?: string | undefined
  method?: Method | undefined
  /** The queue's exact name. */
  queue?: string | undefined
  status?: RecordStatus | undefined
  /** Without the request's `data` and the response. Default: false. */
  compact?: boolean | undefined
  /** Records a page at most, 1 to 100. A page of large ones holds fewer; its cursor leads on. Default: 20. */
  limit?: number | undefined
  /** Where the page before ended. Default: the newest record. */
  cursor?: string | undefined
}

/** `GET /requests`: a page of the history, the newest first. */
export interface HistoryPage {
  records: ClientSecretRecord[]
  /** Where the next page begins; null at the end. Also where this page holds fewer than `limit`. */
  cursor: string | null
}

/** `DELETE /requests/:id`. */
export interface CancelAnswer {
  /** False when it had settled before. */
  removed: boolean
  message: string
}

/** `GET /queues/:name`. */
export interface QueueCount {
  queueName: string
  /** The caller's unsettled requests in queues of this name, the running one included. */
  inQueue: number
}

/** What is said of a record that is gone, by the relay, and by the client while the relay is away. */
export const expiredMessage = 'The request has expired: its record was kept for `expires` seconds only.'

/** True when nothing about the request will change any more. */
export function isSettled(record: { status: RecordStatus }): boolean {
  return record.status === 'resolved' || record.status === 'failed' || record.status === 'cancelled'
}
