import type { ClientSecretRecord, PollAnswer } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'

/** A record as the client last saw it. Without a version, whatever there is counts as news. */
export interface Seen {
  id: string
  version?: string | undefined
}

/** What a server must offer so that the client can talk to it. */
export interface Transport {
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
}
