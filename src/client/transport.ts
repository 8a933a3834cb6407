import type {
  CancelAnswer,
  ClientSecretRecord,
  HistoryFilter,
  HistoryPage,
  PollAnswer,
  QueueCount,
} from '../protocol/record.ts'
import type { Persistence } from './browser-storage.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'

/** A record as the client last saw it. Without a version, whatever there is counts as news. */
export interface Seen {
  id: string
  version?: string | undefined
}

/** What a server must offer so that the client can talk to it. */
export interface Transport {
  /** Which server it is; keeps apart what is kept over a reload. */
  readonly name: string
  /** Whether the same idempotency key makes a repeated submit the same request. Without, none is repeated. */
  readonly isIdempotent: boolean
  /**
   * Sends a request. The same `idempotencyKey` again is the same request, not a
   * second one; that is what makes it safe to repeat after a network failure.
   */
  submit(
    request: ClientSecretRequest,
    options: { idempotencyKey: string; signal?: AbortSignal | undefined },
  ): Promise<ClientSecretRecord>
  /**
   * Asks after many requests in one call. Answers at once with those that differ
   * from the version seen, else after at most `wait` milliseconds with what there is.
   */
  poll(seen: Seen[], options: { wait: number; signal: AbortSignal }): Promise<PollAnswer>
  /** A page of the caller's past requests, the newest first. */
  history(filter: HistoryFilter, options: { signal?: AbortSignal | undefined }): Promise<HistoryPage>
  /** Takes a request out of its queue, or ends the call that runs. */
  cancel: (id: string) => Promise<CancelAnswer>
  /** How many of the caller's requests are unsettled in queues of this name. */
  queueCount: (queueName: string) => Promise<QueueCount>
  /** Sends a call to `/fetch`, and gives the server's answer as it is. */
  fetch?(init: { headers: Record<string, string>; body: BodyInit; signal: AbortSignal | null }): Promise<Response>
  /** Sees to it that the caller is the same one after a reload, also when nobody is signed in. */
  remember?(where: Persistence): void
}
