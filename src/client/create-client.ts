import {
  isSettled,
  type CancelAnswer,
  type ClientSecretRecord,
  type HistoryFilter,
  type HistoryPage,
  type QueueCount,
} from '../protocol/record.ts'
import { createRequest, type RequestObject, type RequestStart, type Sent } from './create-request.ts'
import { keptRequests, type KeptRequests } from './kept-requests.ts'
import { onAbort } from './on-abort.ts'
import type { PollStopped } from './poll-stopped.ts'
import { createPoller } from './poller.ts'
import { answerOf, type QueuedRequest } from './queued-request.ts'
import { readRecord, type Answer } from './read-record.ts'
import { relayTransport, type RelayTransportOptions } from './relay-transport.ts'
import type { ClientSecretRequestParams, RequestParams } from './request-params.ts'
import { checked, type StandardSchema } from './standard-schema.ts'
import type { Seen, Transport } from './transport.ts'

/** How a request can be ended. */
export interface RequestOptions {
  /** Aborting it ends the request or its polling with `ABORTED`. */
  signal?: AbortSignal | undefined
}

/** How an answer is read. */
export interface ReadOptions {
  /** Any Standard Schema (zod, valibot, arktype …); checks the answer's data and gives it its type. */
  schema?: StandardSchema | undefined
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
export interface Client {
  /** Differs for each client of a page, and so keeps apart what hooks store. Names server and user. */
  readonly key: string

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
  follow: (seen: Seen, options?: FollowOptions) => Promise<Answer | PollStopped>

  /** One request as an object: where it stands, and what can be done with it. The hooks, and all of the above, are made of it. */
  createRequest: (start: RequestStart) => RequestObject

  /** What is kept of a request over a reload, for `persist` of the hooks. */
  readonly kept: KeptRequests
}

/** Which server the client talks to, and who is signed in. */
export type ClientOptions = (RelayTransportOptions | { transport: Transport }) & {
  /** Who is signed in, by any id of yours: what is kept over a reload for one user is not found by the next. */
  user?: string | undefined
}

/** How many clients this page has made. */
let made = 0

/**
 * Makes a client. It holds no connection and no timer while it has nothing to do.
 *
 * @example
 * const client = createClient({ relay: '/relay' })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` when `relay` is neither a path nor a url.
 */
export function createClient(options: ClientOptions): Client {
  const transport = 'transport' in options ? options.transport : relayTransport(options, options.user)
  const poller = createPoller(transport)
  const request = (start: RequestStart) => createRequest({ transport, poller }, start)

  return {
    // No randomness: a client may be made while a page is rendered.
    key: JSON.stringify([transport.name, options.user ?? null, ++made]),
    kept: keptRequests(transport.name, options.user, (where) => transport.remember?.(where)),
    clientSecretRequest: ((params: ClientSecretRequestParams, { signal }: RequestOptions = {}) =>
      answerOf(request({ params, listeners: params }), params, signal)) as ClientSecretRequestFunction,
    stopPolling: poller.stop,
    history: (filter = {}, { signal } = {}) => transport.history(filter, { signal }),
    cancel: transport.cancel,
    queueCount: transport.queueCount,
    createRequest: request,

    send(params, { signal, stopSignal, idempotencyKey, ...listeners } = {}) {
      const sent = request({ params, listeners, idempotencyKey })
      const letGo = onAbort(stopSignal, sent.stop)
      return sent.send(signal).finally(letGo)
    },

    follow(seen, { interval, signal, stopSignal, ...listeners } = {}) {
      if ('status' in seen && isSettled(seen as ClientSecretRecord))
        return checked(readRecord(seen as ClientSecretRecord), listeners.schema)
      const followed = request({ seen, listeners }).poll({ interval, signal })
      const letGo = onAbort(stopSignal, followed.stop)
      return followed.finally(letGo)
    },
  }
}
