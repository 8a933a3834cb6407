import { ReactNode } from 'react';
import { C as Client, a as ParsedResponse, S as StandardSchema, R as RequestParams, A as ApiResponse, b as RequestStart, c as RequestObject, L as Listeners, d as ClientSecretRequestParams, P as PollStopped, Q as QueuedRequest } from './create-client.js';
export { e as Answer, f as Callbacks, g as ClientSecretName, h as ClientSecretRequestFunction, i as ClientSecretUrl, F as FetchWith, j as FetchWithOptions, k as FollowOptions, K as KeyAndUrl, l as PollOptions, m as PollPromise, n as Polling, o as PollingOptions, p as RawData, q as ReadOptions, r as Register, s as RequestData, t as RequestDetails, u as RequestFields, v as RequestOptions, w as RequestProgress, x as ResponseType, y as SendOptions, z as Sent, B as createClient, D as isPollStopped } from './create-client.js';
import { R as RelayTransportOptions } from './relay-transport.js';
import { b as ClientSecretRecord, H as HistoryFilter, P as PauseReason, C as ClientCore, a as CancelAnswer } from './create-core.js';
export { c as ClientOptions, d as HistoryPage, e as PollAnswer, Q as QueueCount, R as RecordStatus, f as RecordVersion, T as Transport, U as UpstreamResponse, W as WireError, i as isSettled } from './create-core.js';
import { C as ClientSecretError } from './errors.js';
export { a as ClientSecretErrorDetails, E as ErrorCode, i as isClientSecretError } from './errors.js';
import { SWRResponse, SWRConfiguration } from 'swr';
import { StreamParams, StreamState, StreamOptions } from './client.js';
export { StreamEvent, StreamObject, StreamResponse, StreamStart, StreamStatus, clientSecretErrorOf, createStream, deltaText } from './client.js';
export { C as ClientSecretRequest, F as FormArrays, J as JsonObject, M as Method, P as ParamValue, R as RequestBody } from './request.js';

/** A relay, or a client. */
type ClientSecretProviderProps = {
    children?: ReactNode;
} & ((RelayTransportOptions & {
    client?: undefined;
    /** Your id of the signed-in user. Hooks never show or find requests of another user. */
    user?: string | undefined;
})
/** A client made with `createClient`, such as one for Skapi. */
 | {
    client: Client;
    relay?: undefined;
    headers?: undefined;
    fetch?: undefined;
    user?: undefined;
});
/**
 * Gives the hooks below it a relay. It can be inside or outside of a `<Suspense>`.
 *
 * @example
 * <ClientSecretProvider relay="/relay">
 *   <App />
 * </ClientSecretProvider>
 */
declare function ClientSecretProvider({ children, client, relay, user, headers, fetch, }: ClientSecretProviderProps): ReactNode;

/** A past request, with its response parsed. */
type HistoryRecord<Data = unknown> = Omit<ClientSecretRecord, 'response'> & {
    response?: ParsedResponse<Data> | undefined;
};
/** The state of a history. */
interface HistoryState<Data = unknown> {
    /** The newest first. The hook polls unsettled ones, and adds new ones of this client. */
    records: HistoryRecord<Data>[];
    /** Whether there are older records. */
    hasMore: boolean;
    isLoading: boolean;
    /** Why the last page failed to load. */
    error: ClientSecretError | undefined;
}
/** Loads the pages of a history, and polls unsettled records. */
interface HistoryPages {
    loadMore: () => Promise<void>;
    /** Loads the first page again. */
    refresh: () => Promise<void>;
    /** A component shows the history, until it calls the returned function. */
    attach: () => () => void;
}

/** The state of a history, and its actions. */
type UseClientSecretHistory<Data = unknown> = HistoryState<Data> & Pick<HistoryPages, 'loadMore' | 'refresh'>;
/**
 * This caller's past requests, page by page, the newest first. Requests of this
 * client appear when the relay has their record, and unsettled ones update. `Data` is
 * the type of each `response.body`, which is parsed as the `data` of other hooks.
 *
 * @example
 * const past = useClientSecretHistory({ queue: 'images', compact: true })
 */
declare function useClientSecretHistory<Data = unknown>(filter?: HistoryFilter): UseClientSecretHistory<Data>;

/** The request of a query, and SWR's options for it. */
interface UseClientSecretQueryOptions<Data = unknown> extends Pick<SWRConfiguration<Data, ClientSecretError>, 'suspense' | 'fallbackData' | 'keepPreviousData' | 'revalidateOnFocus' | 'revalidateOnReconnect' | 'revalidateIfStale' | 'revalidateOnMount' | 'refreshInterval' | 'dedupingInterval' | 'shouldRetryOnError' | 'errorRetryCount' | 'errorRetryInterval' | 'onSuccess' | 'onError'> {
    /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
    schema?: StandardSchema<Data> | undefined;
}
/** SWR's result, and the progress of the request. */
type UseClientSecretQuery<Data = unknown> = SWRResponse<Data, ClientSecretError> & QueryProgress;
interface QueryProgress {
    /** True while the client polls for the answer. */
    isPolling: boolean;
    /** The relay's record of the latest request. */
    record: ClientSecretRecord | undefined;
}
/**
 * Loads data for a component when it renders. SWR caches the answer and shares it
 * between all components with the same request. `null` sends nothing. Everything else
 * is SWR's behaviour, with SWR's defaults.
 *
 * A method other than GET is sent once, and again only with `mutate()` or an option.
 *
 * @example
 * const models = useClientSecretQuery({
 *   clientSecretName: 'openai',
 *   url: 'https://api.openai.com/v1/models',
 *   method: 'GET',
 *   headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 * })
 */
declare function useClientSecretQuery<Data = unknown>(request: RequestParams | null, options?: UseClientSecretQueryOptions<Data>): UseClientSecretQuery<Data>;

/** The count of a queue. */
interface UseClientSecretQueue {
    /** This caller's unsettled requests in queues of this name, including the running one. Undefined until the first count. */
    inQueue: number | undefined;
    isLoading: boolean;
    error: ClientSecretError | undefined;
    /** Counts again. */
    refresh: () => void;
}
/**
 * Counts the requests in a queue.
 *
 * @param refreshInterval Milliseconds between counts while the page is visible; 0 counts once. Default 5,000.
 */
declare function useClientSecretQueue(queueName: string, { refreshInterval }?: {
    refreshInterval?: number;
}): UseClientSecretQueue;

interface Nothing {
    /** The API's response body, once `status` is `resolved`. */
    data: undefined;
    /** The API's response: status, headers and the exact body. */
    response: undefined;
    /** Why it failed, once `status` is `failed` or `cancelled`. */
    error: undefined;
    /** The relay's record of the request. */
    record: ClientSecretRecord | undefined;
    /** True from `send` until the request is settled or stopped. */
    isLoading: boolean;
    /** True while the client polls for the answer. */
    isPolling: boolean;
    /** Why the polling pauses: the page is hidden, or offline. */
    pauseReason: PauseReason | undefined;
    /** Position in the queue: 1 is next, or running. */
    inQueue: number | undefined;
}
type With<Fields> = Omit<Nothing, keyof Fields> & Fields;
/** Fields of a request without polling. */
interface AtRest {
    isLoading: false;
    isPolling: false;
    pauseReason: undefined;
}
/** The state of one request: narrowing on `status` narrows `data` and `error`. */
type RequestState<Data = unknown> = 
/** Before `send`, or after `reset`. */
With<AtRest & {
    status: 'idle';
    record: undefined;
    inQueue: undefined;
}>
/** On its way to the relay. A direct request stays here until its answer arrives. */
 | With<{
    status: 'sending';
    record: undefined;
    isLoading: true;
    isPolling: boolean;
    inQueue: undefined;
}>
/** `pending`: in a queue. `running`: the relay calls the API. */
 | With<{
    status: 'pending' | 'running';
    record: ClientSecretRecord;
    isLoading: true;
}> | With<AtRest & {
    status: 'resolved';
    data: Data;
    response: ApiResponse;
    record: ClientSecretRecord;
    inQueue: undefined;
}> | With<AtRest & {
    status: 'failed' | 'cancelled';
    error: ClientSecretError;
    inQueue: undefined;
}>
/** Without polling. The request goes on, and `resume` continues the polling. */
 | With<AtRest & {
    status: 'stopped';
}>;
/** The status of a hook's request. */
type RequestStatus = RequestState['status'];

/** An event of React's, or of the browser's. */
type SendEvent = {
    readonly nativeEvent: unknown;
} | {
    readonly isTrusted: boolean;
};

/** Keeps one request over a reload. */
interface Persister {
    /**
     * Called before a request is sent, and forgets the one before. After a reload, the caller must be the same.
     *
     * @param params Of a request that the relay knows by its key, before the page knows its id.
     */
    prepare: (params?: RequestParams, idempotencyKey?: string) => void;
    /** Finds the request after a reload, and shows it. */
    restore: (show: (start: RequestStart) => RequestObject, listeners: () => Listeners) => void;
    /** Called after each change of the request. */
    write: (request: RequestObject) => void;
    forget: () => void;
}
/** Makes the persister for the request of a hook with this `id`. */
type CreatePersister = (client: ClientCore, id: string) => Persister;
/** For `persist` of `useClientSecretRequest`: keeps the request over a reload of this tab. */
declare const sessionPersister: CreatePersister;
/** For `persist` of `useClientSecretRequest`: keeps the request in this browser, for all its tabs. */
declare const localPersister: CreatePersister;

/** The request of a component, and its options. */
type UseClientSecretRequestOptions<Data = unknown> = RequestParams & Listeners<Data> & {
    /** Components of one provider with the same id share one request and its state. */
    id?: string | undefined;
    /**
     * Keeps the request over a reload: `sessionPersister` for this tab, `localPersister`
     * for this browser. Needs an `id`.
     */
    persist?: CreatePersister | undefined;
};
/** Fields of the hook's request that `send` replaces. */
type SendOverrides<Data = unknown> = Partial<ClientSecretRequestParams<Data>>;
/** The answer; a stop, with `poll`; a queued request to poll by hand, with `queue` alone. */
type Sent<Data> = Data | PollStopped | QueuedRequest<Data>;
/** The result depends on `queue` and `poll`, of the hook and of the send. */
interface SendAsync<Data, Promised> {
    (overrides?: SendOverrides<Data> & {
        queue?: undefined;
        poll?: undefined;
    }): Promise<Promised>;
    (overrides?: SendOverrides<Data>): Promise<Sent<Data>>;
}
/** The state of the latest request, and its actions. */
type UseClientSecretRequest<Data = unknown, Promised = Sent<Data>> = RequestState<Data> & RequestActions & {
    /**
     * Sends the request. Never rejects: the state and the callbacks have the outcome.
     * `overrides` change the hook's request for this send; headers, params and data
     * are merged by name. An event, as from `onClick={otter.send}`, changes nothing.
     */
    send: (overrides?: SendOverrides<Data> | SendEvent) => void;
    /**
     * Sends the request, for a promise of the API's answer. With `poll`, `stop()`
     * resolves it to `{ id, status: 'stopped' }`; with a `queue` and no `poll`, it
     * resolves to a `QueuedRequest`.
     *
     * @throws ClientSecretError
     */
    sendAsync: SendAsync<Data, Promised>;
};
/** Actions on a sent request. */
interface RequestActions {
    /** Ends the polling. The request goes on, and `resume` continues the polling. */
    stop: () => void;
    /** Continues the polling, or starts that of a queued request without `poll`. */
    resume: () => void;
    /**
     * Removes the request from its queue, or ends the running call.
     *
     * @throws ClientSecretError when the relay cannot be reached, or knows no such request.
     */
    cancel: () => Promise<CancelAnswer>;
    /** Back to `idle`. A sent request goes on, without polling. */
    reset: () => void;
}
/**
 * A request that a person starts, such as generating a picture. Each `send` is one
 * call of the API.
 *
 * A component renders only for fields that it reads. An unmount ends the polling,
 * not the request.
 *
 * @example
 * const otter = useClientSecretRequest({
 *   clientSecretName: 'openai',
 *   url: 'https://api.openai.com/v1/images/generations',
 *   method: 'POST',
 *   headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 *   queue: 'images',
 *   poll: 1000,
 *   schema: Images, // any Standard Schema; types and checks `data`
 * })
 * otter.send({ data: { model: 'gpt-image-1', prompt: 'an otter' } })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for `persist` without an `id`; Error outside a provider, as the other
 *   hooks do.
 */
declare function useClientSecretRequest<Data = unknown>(options: UseClientSecretRequestOptions<Data> & {
    queue?: undefined;
    poll?: 0 | undefined;
}): UseClientSecretRequest<Data, Data>;
declare function useClientSecretRequest<Data = unknown>(options: UseClientSecretRequestOptions<Data> & {
    queue?: undefined;
}): UseClientSecretRequest<Data, Data | PollStopped>;
declare function useClientSecretRequest<Data = unknown>(options: UseClientSecretRequestOptions<Data> & {
    queue: string;
    poll?: 0 | undefined;
}): UseClientSecretRequest<Data, QueuedRequest<Data>>;
declare function useClientSecretRequest<Data = unknown>(options: UseClientSecretRequestOptions<Data>): UseClientSecretRequest<Data>;

/** The state of the request, and its actions. */
type UseClientSecretRecord<Data = unknown> = RequestState<Data> & Omit<RequestActions, 'reset'>;
/**
 * Follows a request that was sent elsewhere, such as one of the history, by its
 * id. `null` follows nothing. The status is `sending` until the relay's first answer.
 *
 * @example
 * const otter = useClientSecretRecord(otterId)
 */
declare function useClientSecretRecord<Data = unknown>(id: string | null, listeners?: Listeners<Data>): UseClientSecretRecord<Data>;

/** How the hook reads its stream, and its callbacks. */
interface UseClientSecretStreamOptions<Event = unknown, Data = unknown> extends StreamOptions<Event, Data> {
    /** Components of one provider with the same id share one stream and its state. */
    id?: string | undefined;
    /**
     * Keeps the stream over a reload, and sends requests with `keep: true`: `sessionPersister` for this tab,
     * `localPersister` for this browser. Needs an `id`.
     */
    persist?: CreatePersister | undefined;
}
/** Fields of the hook's request that `send` replaces. */
type StreamOverrides = Partial<StreamParams>;
/** The state of the latest stream, and its actions. */
type UseClientSecretStream<Event = unknown, Data = Event | undefined> = StreamState<Event, Data> & {
    /**
     * Sends the request. Never rejects: the state and the callbacks have the outcome. Stops the stream before it.
     * `overrides` change the hook's request for this send; headers, params and data are merged by name. An event, as from
     * `onClick={chat.send}`, changes nothing.
     */
    send: (overrides?: StreamOverrides | SendEvent) => void;
    /**
     * Stops reading, and leaves the text as it is. The call is not cancelled: the relay ends it when no reader returns
     * within its `limits.disconnectGracePeriod`, 10 seconds by default. A stream with `persist`, `keep` or `queue` goes on.
     */
    stop: () => void;
    /** Continues after `stop` or a lost connection, at the character where the reading ended. Does not call the API again. */
    resume: () => void;
    /**
     * Ends the call of the API at once. Withdraws a request in a queue.
     *
     * @throws ClientSecretError when the relay cannot be reached.
     */
    cancel: () => Promise<CancelAnswer>;
};
/**
 * An answer that is read while the API writes it, such as that of a chat. Each `send` is one call of the API.
 *
 * A component renders once a frame at most, and only for fields that it reads. A lost connection continues where it
 * broke. An unmount stops the reading as `stop` does; a component that returns in time continues it.
 *
 * @example
 * const chat = useClientSecretStream({
 *   clientSecretName: 'openai',
 *   url: 'https://api.openai.com/v1/responses',
 *   method: 'POST',
 *   headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 *   data: { model: 'gpt-5', stream: true },
 * })
 * chat.send({ data: { input: 'Tell me about otters.' } })
 * // chat.text grows with each frame.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for `persist` without an `id`; Error outside a provider, as the other hooks do.
 */
declare function useClientSecretStream<Event, Data>(request: StreamParams, options: UseClientSecretStreamOptions<Event, Data> & {
    reduce: (data: Data, event: Event) => Data;
    initial: Data;
}): UseClientSecretStream<Event, Data>;
declare function useClientSecretStream(request: StreamParams, options: UseClientSecretStreamOptions<string, string> & {
    read: 'text';
}): UseClientSecretStream<string, string>;
declare function useClientSecretStream(request: StreamParams, options: UseClientSecretStreamOptions<Uint8Array, Uint8Array> & {
    read: 'bytes';
}): UseClientSecretStream<Uint8Array, Uint8Array>;
declare function useClientSecretStream<Event = unknown>(request: StreamParams, options?: UseClientSecretStreamOptions<Event, Event | undefined>): UseClientSecretStream<Event>;

export { ApiResponse, CancelAnswer, Client, ClientCore, ClientSecretError, ClientSecretProvider, ClientSecretRecord, ClientSecretRequestParams, HistoryFilter, Listeners, ParsedResponse, PauseReason, PollStopped, QueuedRequest, RelayTransportOptions, RequestObject, RequestParams, RequestStart, StandardSchema, StreamOptions, StreamParams, StreamState, localPersister, sessionPersister, useClientSecretHistory, useClientSecretQuery, useClientSecretQueue, useClientSecretRecord, useClientSecretRequest, useClientSecretStream };
export type { ClientSecretProviderProps, CreatePersister, HistoryRecord, HistoryState, Persister, RequestActions, RequestState, RequestStatus, SendAsync, SendEvent, SendOverrides, StreamOverrides, UseClientSecretHistory, UseClientSecretQuery, UseClientSecretQueryOptions, UseClientSecretQueue, UseClientSecretRecord, UseClientSecretRequest, UseClientSecretRequestOptions, UseClientSecretStream, UseClientSecretStreamOptions };
