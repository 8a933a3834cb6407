import {
  isSettled,
  type CancelAnswer,
  type ClientSecretRecord,
  type HistoryFilter,
  type HistoryPage,
  type QueueCount,
} from '../protocol/record.ts'
import { createCore, type ClientCore, type ClientOptions } from './create-core.ts'
import type { RequestStart, Sent } from './create-request.ts'
import { createFetchWith, type FetchWith } from './fetch-with.ts'
import { onAbort } from './on-abort.ts'
import type { PollStopped } from './poll-stopped.ts'
import { answerOf, type QueuedRequest } from './queued-request.ts'
import { readRecord, type Answer, type ResponseType } from './read-record.ts'
import type { ClientSecretRequestParams, RequestParams } from './request-params.ts'
import { checked, type StandardSchema } from './standard-schema.ts'
import type { RecordVersion } from './transport.ts'

/** How a request can be ended. */
export interface RequestOptions {
  /** Aborting it ends the request or its polling with `ABORTED`. */
  signal?: AbortSignal | undefined
}

/** How an answer is read. */
export interface ReadOptions {
  /** Any Standard Schema (zod, valibot, arktype …); checks the answer's data and gives it its type. */
  schema?: StandardSchema | undefined
  /** How the answer's data is given. Default: by its content type. */
  responseType?: ResponseType | undefined
}

/** How a request is followed. */
export interface FollowOptions extends ReadOptions {
  /** Upper bound on how old what is shown may be, in milliseconds. Default 1,000. */
  interval?: number | undefined
  /** Stops the following: it resolves to `{ id, status: 'stopped' }`. */
  stopSignal?: AbortSignal | undefined
  /** Ends the following with `ABORTED`. */
  signal?: AbortSignal | undefined
  /** Called with every change of the record, the last one included. */
  onUpdate?: ((record: ClientSecretRecord) => void) | undefined
}

/** How a request is sent, and followed where it runs in the background. */
export type SendOptions = Omit<FollowOptions, 'interval'> & Pick<RequestStart, 'idempotencyKey'>

/** What it gives depends on `queue` and `poll`. */
export interface ClientSecretRequestFunction {
  /** A direct request: the API's answer. */
  <Data = unknown>(
    params: ClientSecretRequestParams<Data> & { queue?: undefined; poll?: 0 | undefined },
    options?: RequestOptions,
  ): Promise<Data>
  /** A queue and no poll: what polls it by hand. */
  <Data = unknown>(
    params: ClientSecretRequestParams<Data> & { queue: string; poll?: 0 | undefined },
    options?: RequestOptions,
  ): Promise<QueuedRequest<Data>>
  /** Otherwise what the fields say at run time; `isPollStopped` and `'poll' in …` tell. */
  <Data = unknown>(
    params: ClientSecretRequestParams<Data>,
    options?: RequestOptions,
  ): Promise<Data | PollStopped | QueuedRequest<Data>>
}

/** What `createClient` makes. All failures of its functions are `ClientSecretError`s. */
export interface Client extends ClientCore {
  /**
   * Calls an API with a key that only the relay knows.
   *
   * Gives the API's answer (its body, parsed when it is JSON); with `queue` and
   * no `poll`, at once a `QueuedRequest` to poll by hand.
   *
   * @throws ClientSecretError with a `code`, see the table of errors.
   */
  clientSecretRequest: ClientSecretRequestFunction

  /** Stops all polling of a request; each resolves to `{ id, status: 'stopped' }`. The request itself goes on. */
  stopPolling: (id: string) => void

  /**
   * A `fetch` that makes its calls through the relay: for an SDK, whose key is `$CLIENT_SECRET` then. The same function
   * each time for the same name.
   *
   * @example
   * new OpenAI({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('openai') })
   */
  fetchWith: FetchWith

  /** A page of this caller's past requests, the newest first. */
  history: (filter?: HistoryFilter, options?: RequestOptions) => Promise<HistoryPage>

  /**
   * Takes a request out of its queue, or ends the call that runs, by its id or its
   * idempotency key. Whoever follows it sees it `cancelled`.
   *
   * @throws ClientSecretError `REQUEST_NOT_FOUND` or `EXPIRED`
   */
  cancel: (idOrKey: string) => Promise<CancelAnswer>

  /** How many of this caller's requests are unsettled in queues of this name, the running one included. */
  queueCount: (queueName: string) => Promise<QueueCount>

  /** The same as `clientSecretRequest` for those who keep their own state: no callbacks, every change of the record told. */
  send: (params: RequestParams, options?: SendOptions) => Promise<Sent>

  /** Follows a request that was sent before, by its id, until it is settled. */
  follow: (seen: RecordVersion, options?: FollowOptions) => Promise<Answer | PollStopped>
}

/**
 * Makes a client. It holds no connection and no timer while it has nothing to do.
 *
 * @example
 * const client = createClient({ relay: '/relay' })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` when `relay` is neither a path nor a url.
 */
export function createClient(options: ClientOptions): Client {
  const core = createCore(options)
  const { transport, poller, createRequest } = core
  return {
    ...core,
    clientSecretRequest: ((params: ClientSecretRequestParams, { signal }: RequestOptions = {}) =>
      answerOf(
        createRequest({ params, listeners: () => params ?? {} }),
        params,
        signal,
      )) as ClientSecretRequestFunction,
    fetchWith: createFetchWith(transport),
    stopPolling: poller.stop,
    history: (filter = {}, { signal } = {}) => transport.history(filter, { signal }),
    cancel: transport.cancel,
    queueCount: transport.queueCount,

    send(params, { signal, stopSignal, idempotencyKey, ...listeners } = {}) {
      const request = createRequest({ params, listeners: () => listeners, idempotencyKey })
      const letGo = onAbort(stopSignal, request.stop)
      return request.send(signal).finally(letGo)
    },

    async follow(seen, { interval, signal, stopSignal, ...listeners } = {}) {
      if ('status' in seen && isSettled(seen as ClientSecretRecord))
        return checked(readRecord(seen as ClientSecretRecord, listeners.responseType), listeners.schema)
      const polling = createRequest({ seen, listeners: () => listeners }).poll({ interval, signal })
      const letGo = onAbort(stopSignal, polling.stop)
      return polling.finally(letGo)
    },
  }
}
