import { ReactNode } from 'react';
import { R as RelayTransportOptions, C as Client, S as StandardSchema, a as RequestParams, P as PauseReason, A as ApiResponse, b as ClientSecretRequestParams, c as PollStopped, Q as QueuedRequest, L as Listeners } from './create-client.js';
export { d as Answer, e as Callbacks, f as ClientCore, g as ClientOptions, h as ClientSecretRequestFunction, F as FetchWith, i as FetchWithOptions, j as FollowOptions, k as PollOptions, l as PollPromise, m as Polling, n as ReadOptions, o as RequestObject, p as RequestOptions, q as RequestStart, r as SendOptions, s as Sent, t as createClient, u as isPollStopped } from './create-client.js';
import { C as ClientSecretRecord, H as HistoryFilter, a as CancelAnswer, P as Persistence } from './transport.js';
export { b as HistoryPage, c as PollAnswer, Q as QueueCount, R as RecordStatus, S as Seen, T as Transport, U as UpstreamResponse, W as WireError, i as isSettled } from './transport.js';
import { C as ClientSecretError } from './errors.js';
export { a as ClientSecretErrorDetails, E as ErrorCode, i as isClientSecretError } from './errors.js';
import { SWRResponse, SWRConfiguration } from 'swr';
export { clientSecretErrorOf } from './client.js';
export { C as ClientSecretRequest, J as JsonObject, M as Method, P as ParamValue } from './request.js';

/** A relay; or a client that was made before. */
type ClientSecretProviderProps = {
    children?: ReactNode;
} & ((RelayTransportOptions & {
    client?: undefined;
    /** Who is signed in, by any id of yours. When it changes, nothing of the one before is shown or found again. */
    user?: string | undefined;
})
/** A client made with `createClient`, such as one for another server than our relay. */
 | {
    client: Client;
    relay?: undefined;
    headers?: undefined;
    fetch?: undefined;
    user?: undefined;
});
/**
 * Says which relay the hooks below talk to. It may stand above a `<Suspense>` or
 * below it.
 *
 * @example
 * <ClientSecretProvider relay="/relay">
 *   <App />
 * </ClientSecretProvider>
 */
declare function ClientSecretProvider({ children, client, relay, user, headers, fetch, }: ClientSecretProviderProps): ReactNode;

/** What is known of a history. */
interface HistoryState {
    /** The newest first. Those that are under way are kept live. */
    records: ClientSecretRecord[];
    /** Whether there are older ones to load. */
    hasMore: boolean;
    isLoading: boolean;
    /** Why the last page could not be loaded. */
    error: ClientSecretError | undefined;
}
/** Loads the pages of a history, and follows what is under way in them. */
interface HistoryPages {
    loadMore: () => Promise<void>;
    /** Reads the first page anew. */
    refresh: () => Promise<void>;
    /** A component shows the history, until the returned function is called. */
    attach: () => () => void;
}

/** What is known of the history, and what reads more of it. */
type UseClientSecretHistory = HistoryState & Pick<HistoryPages, 'loadMore' | 'refresh'>;
/**
 * This caller's past requests, page by page, the newest first. Those under way
 * are kept live.
 *
 * @example
 * const past = useClientSecretHistory({ queue: 'images', compact: true })
 */
declare function useClientSecretHistory(filter?: HistoryFilter): UseClientSecretHistory;

/** The request of a query, and SWR's options for it. */
interface UseClientSecretQueryOptions<Data = unknown> extends Pick<SWRConfiguration<Data, ClientSecretError>, 'suspense' | 'fallbackData' | 'keepPreviousData' | 'revalidateOnFocus' | 'revalidateOnReconnect' | 'revalidateIfStale' | 'revalidateOnMount' | 'refreshInterval' | 'dedupingInterval' | 'shouldRetryOnError' | 'errorRetryCount' | 'errorRetryInterval' | 'onSuccess' | 'onError'> {
    /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
    schema?: StandardSchema<Data> | undefined;
}
/** What SWR gives, and how the request goes. */
type UseClientSecretQuery<Data = unknown> = SWRResponse<Data, ClientSecretError> & QueryProgress;
interface QueryProgress {
    /** True while the client polls for the answer. */
    isPolling: boolean;
    /** What the relay knows of the request that was sent last. */
    record: ClientSecretRecord | undefined;
}
/**
 * A read that a component needs in order to show something: sent when it is
 * shown, cached, and shared by all components that ask the same. `null` asks
 * nothing. The rest is SWR's behaviour, with SWR's defaults.
 *
 * A method other than GET is sent once, and again only through `mutate()` or
 * where an option says so.
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

/** How many wait, as far as it is known. */
interface UseClientSecretQueue {
    /** This caller's unsettled requests in queues of this name, the running one included; undefined until it is known. */
    inQueue: number | undefined;
    isLoading: boolean;
    error: ClientSecretError | undefined;
    /** Counts anew. */
    refresh: () => void;
}
/**
 * How many requests wait in a queue.
 *
 * @param refreshInterval Milliseconds between counts while the page is seen; 0 counts once. Default 5,000.
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
    /** What the relay knows of the request. */
    record: ClientSecretRecord | undefined;
    /** True from `send` until it is settled or stopped. */
    isLoading: boolean;
    /** True while the client polls for the answer. */
    isPolling: boolean;
    /** Why the polling rests: nobody looks at the page, or it has no network. */
    pauseReason: PauseReason | undefined;
    /** Place in line while it waits in a queue: 1 is next, or running. */
    inQueue: number | undefined;
}
type With<Fields> = Omit<Nothing, keyof Fields> & Fields;
/** What is known of a request that is not under way. */
interface AtRest {
    isLoading: false;
    isPolling: false;
    pauseReason: undefined;
}
/** The state of one request: narrowing on `status` narrows `data` and `error`. */
type RequestState<Data = unknown> = 
/** Nothing was sent, or it was reset. */
With<AtRest & {
    status: 'idle';
    record: undefined;
    inQueue: undefined;
}>
/** On its way to the relay; a direct request is here until its answer comes. */
 | With<{
    status: 'sending';
    record: undefined;
    isLoading: true;
    isPolling: boolean;
    inQueue: undefined;
}>
/** `pending`: waits in a queue. `running`: the relay is calling the API. */
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
/** Nobody follows it any more; the request itself goes on, and can be resumed. */
 | With<AtRest & {
    status: 'stopped';
}>;
/** Where the request of a hook stands. */
type RequestStatus = RequestState['status'];

/** The request of a component, and how it is shown. */
interface UseClientSecretRequestOptions<Data = unknown> extends RequestParams, Listeners<Data> {
    /** Components of one provider with the same id share one request and its state. */
    id?: string | undefined;
    /**
     * Keeps the request over a reload, for this tab (`session`) or this browser
     * (`local`): it is found again and goes on being followed. Needs an `id`.
     */
    persist?: Persistence | undefined;
}
/** What `send` may change of the hook's request. */
type SendOverrides<Data = unknown> = Partial<ClientSecretRequestParams<Data>>;
/** The state of the request sent last, and what can be done. */
type UseClientSecretRequest<Data = unknown> = RequestState<Data> & RequestActions & {
    /**
     * Sends the request; its fate is in the state and told to the callbacks. Never
     * rejects. What it is given overrides the hook's request for this one send;
     * headers, params and data are joined name by name.
     */
    send: (overrides?: SendOverrides<Data>) => void;
    /**
     * The same, as a promise of the API's answer. It resolves to
     * `{ id, status: 'stopped' }` when the polling is stopped, and to a
     * `QueuedRequest` with a `queue` and no `poll`.
     *
     * @throws ClientSecretError
     */
    sendAsync: (overrides?: SendOverrides<Data>) => Promise<Data | PollStopped | QueuedRequest<Data>>;
};
/** What can be done with a request that was sent. */
interface RequestActions {
    /** Ends the polling. The request itself goes on, and can be resumed. */
    stop: () => void;
    /** Takes the polling up again; also begins that of a queued request without `poll`. */
    resume: () => void;
    /**
     * Takes the request out of its queue, or ends the call that runs.
     *
     * @throws ClientSecretError when the relay cannot be reached, or knows no such request.
     */
    cancel: () => Promise<CancelAnswer>;
    /** Back to `idle`. What was sent goes on, unwatched. */
    reset: () => void;
}
/**
 * A request that a person starts, such as generating a picture: nothing is sent
 * until `send`, and one `send` is one call of the API.
 *
 * A component renders only for the fields that it reads. Unmounting ends the
 * polling, not the request.
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
declare function useClientSecretRequest<Data = unknown>(options: UseClientSecretRequestOptions<Data>): UseClientSecretRequest<Data>;

/** The state of the request, and what can be done with it. */
type UseClientSecretRecord<Data = unknown> = RequestState<Data> & Omit<RequestActions, 'reset'>;
/**
 * Follows a request that was sent elsewhere, such as one of the history, by its
 * id; `null` follows nothing. Until the relay has told of it, it is `sending`.
 *
 * @example
 * const otter = useClientSecretRecord(otterId)
 */
declare function useClientSecretRecord<Data = unknown>(id: string | null, listeners?: Listeners<Data>): UseClientSecretRecord<Data>;

export { ApiResponse, CancelAnswer, Client, ClientSecretError, ClientSecretProvider, ClientSecretRecord, ClientSecretRequestParams, HistoryFilter, Listeners, PauseReason, Persistence, PollStopped, QueuedRequest, RelayTransportOptions, RequestParams, StandardSchema, useClientSecretHistory, useClientSecretQuery, useClientSecretQueue, useClientSecretRecord, useClientSecretRequest };
export type { ClientSecretProviderProps, HistoryState, RequestActions, RequestState, RequestStatus, SendOverrides, UseClientSecretHistory, UseClientSecretQuery, UseClientSecretQueryOptions, UseClientSecretQueue, UseClientSecretRecord, UseClientSecretRequest, UseClientSecretRequestOptions };
