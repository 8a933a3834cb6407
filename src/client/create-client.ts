import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import {
  isSettled,
  type CancelAnswer,
  type ClientSecretRecord,
  type HistoryFilter,
  type HistoryPage,
  type QueueCount,
} from '../protocol/record.ts'
import type { ClientSecretRequest, Method, ParamValue } from '../protocol/request.ts'
import { callBack, once, tellError, type Callbacks } from './callbacks.ts'
import { createFollower, isPollStopped, type FollowOptions, type PollStopped } from './follow.ts'
import { keptRequests, type KeptRequests } from './kept-requests.ts'
import { queuedRequest, type QueuedRequest } from './queued-request.ts'
import { randomId } from './random-id.ts'
import { readRecord, type Answer } from './read-record.ts'
import { relayTransport, type RelayTransportOptions } from './relay-transport.ts'
import { maySubmitAgain, retryDelay, sleep } from './retry.ts'
import { checked, type StandardSchema } from './standard-schema.ts'
import type { Seen, Transport } from './transport.ts'

/** What a component asks for, field by field. */
export interface RequestParams {
  /** Name of a key that the relay knows. */
  clientSecretName: string
  /** Absolute `https:` url; `http:` only where a key's rule allows it. */
  url: string
  /** Any letter case. */
  method: Method | Lowercase<Method>
  /** `$CLIENT_SECRET` in a value becomes the key. */
  headers?: Record<string, string> | undefined
  /** The body of POST, PUT and PATCH: JSON, or a form when the Content-Type header says `application/x-www-form-urlencoded`. */
  data?: object | undefined
  /** Appended to the query that the url already has. */
  params?: Record<string, ParamValue | readonly ParamValue[]> | undefined
  /**
   * Milliseconds, 0 or more. Above 0 the request runs in the background and is polled until it settles. The relay
   * holds each poll and answers the moment something changes, so this bounds how old what is seen may be; it is no
   * delay. Default 0.
   */
  poll?: number | undefined
  /** Seconds, above 0, after which the record is removed and polling it is an error. Default: the relay's, one day. */
  expires?: number | undefined
  /** Requests of one caller with the same url, method and queue run one at a time, in the order they arrived. Without it, in parallel. */
  queue?: string | undefined
}

/** The parameters of `clientSecretRequest`. */
export interface ClientSecretRequestParams<Data = unknown> extends RequestParams, Callbacks<Data> {}

/** How a request can be ended. */
export interface RequestOptions {
  /** Aborting it ends the request or its polling with `ABORTED`. */
  signal?: AbortSignal | undefined
}

/** What `send` and `follow` give: an answer, a record that waits for somebody to follow it, or a stop. */
export type Sent = Answer | { record: ClientSecretRecord; data?: undefined; response?: undefined } | PollStopped

/** How an answer is read. */
export interface ReadOptions {
  /** Any Standard Schema (zod, valibot, arktype …); checks the answer's data and gives it its type. */
  schema?: StandardSchema | undefined
}

/** How a request is sent, and followed where it runs in the background. */
export type SendOptions = Omit<FollowOptions, 'interval'> &
  ReadOptions & {
    /** The request is known by it before it has an id, so that it can be cancelled. Default: a random one. */
    idempotencyKey?: string | undefined
  }

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
  follow: (seen: Seen, options?: FollowOptions & ReadOptions) => Promise<Answer | PollStopped>

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
  const follower = createFollower(transport)

  async function submit(
    request: ClientSecretRequest,
    idempotencyKey: string,
    signal: AbortSignal | undefined,
  ): Promise<ClientSecretRecord> {
    for (let tries = 1; ; tries++) {
      try {
        return await transport.submit(request, { idempotencyKey, signal })
      } catch (thrown) {
        const error = asClientSecretError(thrown)
        if (!transport.isIdempotent || !maySubmitAgain(error, tries)) throw error
        await sleep(retryDelay(error, tries), signal)
        if (signal?.aborted)
          throw new ClientSecretError('ABORTED', 'The request was aborted by its signal.', { cause: error })
      }
    }
  }

  async function follow(
    seen: Seen,
    { schema, ...rest }: FollowOptions & ReadOptions = {},
  ): Promise<Answer | PollStopped> {
    const settled = 'status' in seen && isSettled(seen as ClientSecretRecord) && (seen as ClientSecretRecord)
    const record = settled || (await follower.follow(seen, rest))
    return isPollStopped(record) ? record : checked(readRecord(record), schema)
  }

  async function send(
    params: RequestParams,
    { signal, stopSignal, onUpdate, onPause, schema, idempotencyKey = randomId() }: SendOptions = {},
  ): Promise<Sent> {
    const { onResponse: _onResponse, onError: _onError, ...request } = (params ?? {}) as ClientSecretRequestParams
    if (signal?.aborted) throw new ClientSecretError('ABORTED', 'The signal was aborted before the request was sent.')
    const record = await submit(request as ClientSecretRequest, idempotencyKey, signal)
    callBack(onUpdate, record)
    if (isSettled(record)) return checked(readRecord(record), schema)
    if (request.queue !== undefined && !request.poll) return { record }
    return follow(record, { interval: request.poll, signal, stopSignal, onUpdate, onPause, schema })
  }

  async function request(
    params: ClientSecretRequestParams,
    callbacks: Callbacks,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const sent = await send(params, { signal })
    if (isPollStopped(sent)) return sent
    if (!sent.response) return queuedRequest(sent.record, callbacks, follow)
    callBack(callbacks.onResponse, sent.data, sent.response)
    return sent.data
  }

  return {
    // No randomness: a client may be made while a page is rendered.
    key: JSON.stringify([transport.name, options.user ?? null, ++made]),
    kept: keptRequests(transport.name, options.user, (where) => transport.remember?.(where)),
    clientSecretRequest: ((params: ClientSecretRequestParams, { signal }: RequestOptions = {}) => {
      const callbacks = once(params ?? {})
      return tellError(request(params, callbacks, signal), () => [callbacks])
    }) as ClientSecretRequestFunction,
    stopPolling: follower.stop,
    history: (filter = {}, { signal } = {}) => transport.history(filter, { signal }),
    cancel: transport.cancel,
    queueCount: transport.queueCount,
    send,
    follow,
  }
}
