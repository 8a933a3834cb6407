import {
  isSettled,
  type CancelAnswer,
  type ClientSecretRecord,
  type HistoryFilter,
  type HistoryPage,
  type QueueCount,
} from '../protocol/record.ts'
import { createCore, type ClientCore, type ClientOptions } from './create-core.ts'
import { createRequest, type RequestStart, type Sent } from './create-request.ts'
import { createFetchWith, type FetchWith } from './fetch-with.ts'
import { onAbort } from './on-abort.ts'
import type { PollStopped } from './poll-stopped.ts'
import { answerOf, type QueuedRequest } from './queued-request.ts'
import { readRecord, type Answer, type ResponseType } from './read-record.ts'
import type { ClientSecretRequestParams, RequestParams } from './request-params.ts'
import { checked, type StandardSchema } from './standard-schema.ts'
import type { RecordVersion } from './transport.ts'

/** Options of one call. */
export interface RequestOptions {
  /** Aborting it ends the request or its polling with `ABORTED`. */
  signal?: AbortSignal | undefined
}

/** Options for reading an answer. */
export interface ReadOptions {
  /** Any Standard Schema (zod, valibot, arktype …); checks the answer's data and gives it its type. */
  schema?: StandardSchema | undefined
  /** The type of the answer's data. Default: by its content type. */
  responseType?: ResponseType | undefined
}

/** Options for following a request. */
export interface FollowOptions extends ReadOptions {
  /** Upper bound on the age of the record, in milliseconds. Default 1,000. */
  interval?: number | undefined
  /** Aborting it stops the polling. The promise resolves to `{ id, status: 'stopped' }`. */
  stopSignal?: AbortSignal | undefined
  /** Aborting it ends the polling with `ABORTED`. */
  signal?: AbortSignal | undefined
  /** Called with every change of the record, including the last one. */
  onUpdate?: ((record: ClientSecretRecord) => void) | undefined
}

/** Options for sending a request, and for following it if it runs in the background. */
export type SendOptions = Omit<FollowOptions, 'interval'> & Pick<RequestStart, 'idempotencyKey'>

/** The result depends on `queue` and `poll`. */
export interface ClientSecretRequestFunction {
  /** A direct request returns the API's answer. */
  <Data = unknown>(
    params: ClientSecretRequestParams<Data> & { queue?: undefined; poll?: 0 | undefined },
    options?: RequestOptions,
  ): Promise<Data>
  /** A request with a queue and without poll returns a `QueuedRequest`, to poll by hand. */
  <Data = unknown>(
    params: ClientSecretRequestParams<Data> & { queue: string; poll?: 0 | undefined },
    options?: RequestOptions,
  ): Promise<QueuedRequest<Data>>
  /** All other requests: the fields decide at run time. Check with `isPollStopped` and `'poll' in …`. */
  <Data = unknown>(
    params: ClientSecretRequestParams<Data>,
    options?: RequestOptions,
  ): Promise<Data | PollStopped | QueuedRequest<Data>>
}

/** The result of `createClient`. All its functions fail with a `ClientSecretError`. */
export interface Client extends ClientCore {
  /**
   * Calls an API with a key that only the relay knows.
   *
   * Returns the API's answer: its body, parsed if it is JSON. With `queue` and without
   * `poll`, it returns a `QueuedRequest` at once, to poll by hand.
   *
   * @throws ClientSecretError with a `code`, see the table of errors.
   */
  clientSecretRequest: ClientSecretRequestFunction

  /** Stops all polling of a request. Each poll resolves to `{ id, status: 'stopped' }`. The request goes on. */
  stopPolling: (id: string) => void

  /**
   * Returns a `fetch` that makes its calls through the relay. Give it to an SDK, with `$CLIENT_SECRET` as the SDK's key.
   * The same name always gives the same function.
   *
   * @example
   * new OpenAI({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('openai') })
   */
  fetchWith: FetchWith

  /** A page of this caller's past requests, the newest first. */
  history: (filter?: HistoryFilter, options?: RequestOptions) => Promise<HistoryPage>

  /**
   * Removes a request from its queue, or ends its running call, by its id or its
   * idempotency key. Its record becomes `cancelled`.
   *
   * @throws ClientSecretError `REQUEST_NOT_FOUND` or `EXPIRED`
   */
  cancel: (idOrKey: string) => Promise<CancelAnswer>

  /** Counts this caller's unsettled requests in queues of this name, including the running one. */
  queueCount: (queueName: string) => Promise<QueueCount>

  /** Like `clientSecretRequest`, for code that keeps its own state: without callbacks, and with every change of the record. */
  send: (params: RequestParams, options?: SendOptions) => Promise<Sent>

  /** Follows an earlier request by its id, until it settles. */
  follow: (seen: RecordVersion, options?: FollowOptions) => Promise<Answer | PollStopped>
}

/**
 * Creates a client. An idle client has no connection and no timer.
 *
 * @example
 * const client = createClient({ relay: '/relay' })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` if `relay` is neither a path nor a url.
 */
export function createClient(options: ClientOptions): Client {
  const core = createCore(options)
  const { transport, shared } = core
  return {
    ...core,
    clientSecretRequest: ((params: ClientSecretRequestParams, { signal }: RequestOptions = {}) =>
      answerOf(
        createRequest(core, { params, listeners: () => params ?? {} }),
        params,
        signal,
      )) as ClientSecretRequestFunction,
    fetchWith: createFetchWith(transport),
    stopPolling: (id) => shared.poller?.stop(id),
    history: (filter = {}, { signal } = {}) => transport.history(filter, { signal }),
    cancel: transport.cancel,
    queueCount: transport.queueCount,

    send(params, { signal, stopSignal, idempotencyKey, ...listeners } = {}) {
      const request = createRequest(core, { params, listeners: () => listeners, idempotencyKey })
      const letGo = onAbort(stopSignal, request.stop)
      return request.send(signal).finally(letGo)
    },

    async follow(seen, { interval, signal, stopSignal, ...listeners } = {}) {
      if ('status' in seen && isSettled(seen as ClientSecretRecord))
        return checked(readRecord(seen as ClientSecretRecord, listeners.responseType), listeners.schema)
      const polling = createRequest(core, { seen, listeners: () => listeners }).poll({ interval, signal })
      const letGo = onAbort(stopSignal, polling.stop)
      return polling.finally(letGo)
    },
  }
}
