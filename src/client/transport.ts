import type {
  CancelAnswer,
  ClientSecretRecord,
  HistoryFilter,
  HistoryPage,
  PollAnswer,
  QueueCount,
} from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'

/** A record, and the version that the client has. A poll without a version gives the current record. */
export interface RecordVersion {
  id: string
  version?: string | undefined
}

/** How the client talks to a server. */
export interface Transport {
  /** Identifies the server in keys of the browser's storage. */
  readonly name: string
  /** Whether a submit with the same idempotency key is the same request. If not, the client repeats none. */
  readonly isIdempotent: boolean
  /**
   * Sends a request. The same `idempotencyKey` is the same request, which makes it safe to repeat.
   */
  submit(
    request: ClientSecretRequest,
    options: { idempotencyKey: string; signal?: AbortSignal | undefined },
  ): Promise<ClientSecretRecord>
  /**
   * Polls many records in one call. Answers at once with those that differ from
   * the version seen; without one, after at most `wait` milliseconds.
   */
  poll(seen: RecordVersion[], options: { wait: number; signal: AbortSignal }): Promise<PollAnswer>
  /** A page of the caller's past requests, the newest first. With a key, of the request that was submitted with it. */
  history(
    filter: HistoryFilter & { idempotencyKey?: string },
    options: { signal?: AbortSignal | undefined },
  ): Promise<HistoryPage>
  /** Removes a request from its queue, or ends the running call. */
  cancel: (id: string) => Promise<CancelAnswer>
  /** Counts the caller's unsettled requests in queues of this name. */
  queueCount: (queueName: string) => Promise<QueueCount>
  /** Sends a call, and gives the server's answer as it is. The path is `/fetch` by default, the method POST. */
  fetch?(init: {
    path?: string | undefined
    method?: string
    headers: Record<string, string>
    body?: BodyInit
    signal: AbortSignal | null
  }): Promise<Response>
  /**
   * The session of a visitor who is not signed in. Before the first call, `known` becomes
   * the session: that of an earlier page load.
   */
  session?(known: string | null): string
}
