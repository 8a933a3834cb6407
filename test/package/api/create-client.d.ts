import { C as ClientSecretRequest, M as Method, F as FormArrays, P as ParamValue } from './request.js';
import { C as ClientSecretError } from './errors.js';
import { R as RelayTransportOptions } from './relay-transport.js';

declare const statuses: readonly ["pending", "running", "resolved", "failed", "cancelled"];
/** The state of a request. `pending` waits in a queue; the last three are settled. */
type RecordStatus = (typeof statuses)[number];
/**
 * The upstream's answer as JSON. The body is the exact text, or base64 for bytes, so
 * that no step on the way has to parse it.
 */
interface UpstreamResponse {
    status: number;
    /** Names in lower case. */
    headers: Record<string, string>;
    body: string;
    encoding?: 'base64' | undefined;
}
/** An error as JSON. */
interface WireError {
    code: string;
    message: string;
    status?: number | undefined;
    path?: string | undefined;
    requestId?: string | undefined;
    /** Seconds. */
    retryAfter?: number | undefined;
}
/** The relay's record of a request. Times are milliseconds since 1970. */
interface ClientSecretRecord {
    id: string;
    status: RecordStatus;
    /** Changes with every change of the record. Compare it for equality only. */
    version: string;
    queueName?: string | undefined;
    /** Position in the queue while unsettled: 1 is next, or running. */
    inQueue?: number | undefined;
    createdAt: number;
    updatedAt: number;
    expiresAt: number;
    /** The request, with the placeholder. Only in the history, and in polls without a version. */
    request?: ClientSecretRequest | undefined;
    response?: UpstreamResponse | undefined;
    error?: WireError | undefined;
}
/** `GET /requests?ids=…`: the records that differ from the versions seen, and an error for each missing one. */
interface PollAnswer {
    records: ClientSecretRecord[];
    errors: {
        id: string;
        error: WireError;
    }[];
}
/** Filters a caller's past requests. A missing field matches all. */
interface HistoryFilter {
    /** The exact url of the request. */
    url?: string | undefined;
    method?: Method | undefined;
    /** The queue's exact name. */
    queue?: string | undefined;
    status?: RecordStatus | undefined;
    /** Without the request's `data` and the response. Default: false. */
    compact?: boolean | undefined;
    /** The maximum of records in a page, 1 to 100. A page of large records holds fewer; its cursor leads on. Default: 20. */
    limit?: number | undefined;
    /** The cursor of the previous page. Default: begins with the newest record. */
    cursor?: string | undefined;
}
/** `GET /requests`: a page of the history, the newest first. */
interface HistoryPage {
    records: ClientSecretRecord[];
    /** Leads to the next page; null at the end. A page with fewer records than `limit` may have one too. */
    cursor: string | null;
}
/** `DELETE /requests/:id`. */
interface CancelAnswer {
    /** False if the request had already settled. */
    removed: boolean;
    message: string;
}
/** `GET /queues/:name`. */
interface QueueCount {
    queueName: string;
    /** The number of the caller's unsettled requests in queues of this name, including the running one. */
    inQueue: number;
}
/** True when the request has its final state. */
declare function isSettled(record: {
    status: RecordStatus;
}): boolean;

/** The API's response. */
interface ApiResponse {
    status: number;
    /** Names in lower case. */
    headers: Record<string, string>;
    /** The exact text, or bytes. */
    body: string | Uint8Array;
}
/** The type of an answer's data. */
type ResponseType = 'json' | 'text' | 'blob' | 'arrayBuffer';
/** The answer of a settled record. */
interface Answer {
    record: ClientSecretRecord;
    /** The body: parsed JSON, else the text or the bytes; null when empty. */
    data: unknown;
    response: ApiResponse;
}
/** An API's response with its body as the hooks' `data`. */
interface ParsedResponse<Data = unknown> {
    status: number;
    /** Names in lower case. */
    headers: Record<string, string>;
    /** Parsed JSON, else the text or the bytes; null when empty. */
    body: Data;
}

/**
 * The interface of zod, valibot, arktype and others.
 * Source: https://standardschema.dev, version 1, the part that is used here.
 */
interface StandardSchema<Output = unknown> {
    readonly '~standard': {
        readonly version: 1;
        readonly vendor: string;
        readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
        readonly types?: {
            readonly input: unknown;
            readonly output: Output;
        } | undefined;
    };
}
type SchemaResult<Output> = {
    readonly value: Output;
    readonly issues?: undefined;
} | {
    readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | {
            readonly key: PropertyKey;
        })[] | undefined;
    }[];
};

/** Callbacks for the end of a request. */
interface Callbacks<Data = unknown> {
    /** Called once with the final API response: its body, then status and headers. */
    onResponse?: ((data: Data, response: ApiResponse) => void) | undefined;
    /** Called once when the request or the polling fails. */
    onError?: ((error: ClientSecretError) => void) | undefined;
}
/** Callbacks for a request, and the schema of its answer. */
interface Listeners<Data = unknown> extends Callbacks<Data> {
    /** Called with every change of the record. */
    onUpdate?: ((record: ClientSecretRecord) => void) | undefined;
    /** Called once when the request ends, with its data or its error. */
    onSettled?: ((data: Data | undefined, error: ClientSecretError | undefined) => void) | undefined;
    /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
    schema?: StandardSchema<Data> | undefined;
    /** The type of `data`. Default: by the answer's content type: JSON parsed, other text as text, bytes as a `Uint8Array`. */
    responseType?: ResponseType | undefined;
}

/** A body: fields or a list that JSON can carry, or a text. */
type RequestData = string | readonly unknown[] | RequestFields;
/** Fields of JSON values: no form, file, bytes, stream, map or function. */
type RequestFields = (object | {
    readonly [name: string]: unknown;
}) & {
    readonly [Symbol.iterator]?: never;
    readonly [Symbol.toStringTag]?: never;
    readonly [Symbol.toPrimitive]?: never;
    readonly [Symbol.hasInstance]?: never;
    readonly arrayBuffer?: never;
    readonly getReader?: never;
};
/** The fields of a request. */
interface RequestParams {
    /** Name of a key that the relay knows. */
    clientSecretName: string;
    /** Absolute `https:` url; `http:` only where a key's rule allows it. */
    url: string;
    /** Any letter case. */
    method: Method | Lowercase<Method>;
    /** `$CLIENT_SECRET` in a value becomes the key. */
    headers?: Record<string, string> | undefined;
    /**
     * The body of POST, PUT, PATCH and DELETE: JSON, or a form with the Content-Type `application/x-www-form-urlencoded`.
     * The relay sends a string unchanged, with any Content-Type; it may not contain a placeholder.
     * With `stream: true`, the answer still arrives whole, as one text.
     */
    data?: RequestData | undefined;
    /** How a form writes a list: `brackets` is `to[]=a&to[]=b`, `repeat` is `to=a&to=b`, `comma` is `to=a,b`. Default: `to[0]=a&to[1]=b`. */
    formArrays?: FormArrays | undefined;
    /** Appended to the query that the url already has. */
    params?: Record<string, ParamValue | readonly ParamValue[]> | undefined;
    /**
     * Milliseconds, 0 or more. Above 0, the request runs in the background, and the client polls it until it settles.
     * The relay answers a poll at once when the record changes: this is an upper bound, not a delay. Default 0.
     */
    poll?: number | undefined;
    /** Seconds, above 0. Then the relay removes the record, and a poll of it fails. Default: the relay's, one day. */
    expires?: number | undefined;
    /**
     * The type of the answer's data: `json`, `text`, `blob` or `arrayBuffer`. Default: by its content type: JSON parsed,
     * other text as text, bytes as a `Uint8Array`. An error's data always follows its content type.
     */
    responseType?: ResponseType | undefined;
    /** Requests of one caller with the same url, method and queue run one at a time, in order of arrival; without it, in parallel. */
    queue?: string | undefined;
}
/** The parameters of `clientSecretRequest`. */
interface ClientSecretRequestParams<Data = unknown> extends RequestParams, Callbacks<Data> {
}

/** A record, and the version that the client has. A poll without a version gives the current record. */
interface RecordVersion {
    id: string;
    version?: string | undefined;
}
/** How the client talks to a server. */
interface Transport {
    /** Identifies the server in keys of the browser's storage. */
    readonly name: string;
    /** Whether a submit with the same idempotency key is the same request. If not, the client repeats none. */
    readonly isIdempotent: boolean;
    /**
     * Sends a request. The same `idempotencyKey` is the same request, which makes it safe to repeat.
     */
    submit(request: ClientSecretRequest, options: {
        idempotencyKey: string;
        signal?: AbortSignal | undefined;
    }): Promise<ClientSecretRecord>;
    /**
     * Polls many records in one call. Answers at once with those that differ from
     * the version seen; without one, after at most `wait` milliseconds.
     */
    poll(seen: RecordVersion[], options: {
        wait: number;
        signal: AbortSignal;
    }): Promise<PollAnswer>;
    /** A page of the caller's past requests, the newest first. */
    history(filter: HistoryFilter, options: {
        signal?: AbortSignal | undefined;
    }): Promise<HistoryPage>;
    /** Removes a request from its queue, or ends the running call. */
    cancel: (id: string) => Promise<CancelAnswer>;
    /** Counts the caller's unsettled requests in queues of this name. */
    queueCount: (queueName: string) => Promise<QueueCount>;
    /** Sends a call, and gives the server's answer as it is. The path is `/fetch` by default, the method POST. */
    fetch?(init: {
        path?: string | undefined;
        method?: string;
        headers: Record<string, string>;
        body?: BodyInit;
        signal: AbortSignal | null;
    }): Promise<Response>;
    /**
     * The session of a visitor who is not signed in. Before the first call, `known` becomes
     * the session: that of an earlier page load.
     */
    session?(known: string | null): string;
}

/** The result of a stopped poll. The request goes on, and you can follow it again. */
interface PollStopped {
    id: string;
    status: 'stopped';
}
/** True for the result of a stopped poll. False for an API's body of the same shape. */
declare function isPollStopped(value: unknown): value is PollStopped;

/** Why the polling pauses: the page is hidden, or the device is offline. */
type PauseReason = 'hidden' | 'offline';

/** The callbacks for one record. */
interface Watcher {
    /** Upper bound on the age of the record, in milliseconds. */
    interval: () => number;
    /** Called with every change of the record; a settled one is the last. */
    onRecord: (record: ClientSecretRecord) => void;
    /** Called when the polling pauses, with the reason, and with `undefined` when it continues. */
    onPause: (reason: PauseReason | undefined) => void;
    /** Called when the polling ends early: with an error, or without one after `stop`. */
    onEnd: (error?: ClientSecretError) => void;
}

interface Poller {
    /** Polls a record until it settles, fails, or the returned function is called. */
    watch: (seen: RecordVersion, watcher: Watcher) => () => void;
    /** Ends all polling of a record. */
    stop: (id: string) => void;
}

/** A poll by hand. */
interface Polling extends Promise<Answer | PollStopped> {
    /** Ends this poll, and with the last one all polling. The request goes on. */
    stop: () => void;
}

/** The state of a request. */
interface RequestProgress {
    /** The record's id; undefined until the relay answers. */
    id: string | undefined;
    /** On its way to the relay, without a record. */
    isSending: boolean;
    record: ClientSecretRecord | undefined;
    isPolling: boolean;
    /** Milliseconds between polls; 0 without automatic polling. */
    interval: number;
    /** Why the polling pauses: the page is hidden, or offline. */
    pauseReason: PauseReason | undefined;
    /** Why there is no polling: `stop()`, or `pause()` because no component shows the request. */
    rest: 'stopped' | 'paused' | undefined;
    outcome: Answer | ClientSecretError | undefined;
}
/** Options of one poll. */
interface PollingOptions {
    /** Milliseconds. Default 1,000. */
    interval?: number | undefined;
    signal?: AbortSignal | undefined;
}

/** Parameters to send, or the id of a request that was sent before. */
interface RequestStart {
    params?: RequestParams | undefined;
    /** A request that was sent before. With a version, the first poll waits for a change. */
    seen?: RecordVersion | undefined;
    /** The record, if it is known. */
    record?: ClientSecretRecord | undefined;
    /** Milliseconds between polls. Default: `poll` of `params`. */
    poll?: number | undefined;
    /** Returns the listeners. Called for each event. */
    listeners?: (() => Listeners) | undefined;
    /** Called after each change of the request's fields. */
    onChange?: ((request: RequestObject) => void) | undefined;
    /** Identifies the request until it has an id, so that it can be cancelled. Default: a random one. */
    idempotencyKey?: string | undefined;
}
/** Result of `send`: an answer, a record to poll by hand, or a stop. */
type Sent = Answer | {
    record: ClientSecretRecord;
    data?: undefined;
    response?: undefined;
} | PollStopped;
/** One request, from start to end. All components and promises of a request share the same object. */
interface RequestObject extends Readonly<RequestProgress> {
    /** Sends the request, and polls if `params` say so. Call it once. */
    send: (signal?: AbortSignal) => Promise<Sent>;
    /** Waits for the answer. Any number of polls can wait. */
    poll: (options?: PollingOptions) => Polling;
    /** Ends all polling until `resume`. */
    stop: () => void;
    /** Starts or continues the polling. */
    resume: () => void;
    /** Ends the polling until `unpause`. */
    pause: () => void;
    /** Continues a paused request, not a stopped one. */
    unpause: () => void;
    cancel: () => Promise<CancelAnswer>;
}

/** The server of the client, and its user. */
type ClientOptions = (RelayTransportOptions | {
    transport: Transport;
}) & {
    /** Your id of the signed-in user. Requests that persist are separate for each user. */
    user?: string | undefined;
};
/** The parts of a client that hooks use. */
interface ClientCore {
    /** Server, user and a number: unique among the clients of a page. */
    readonly key: string;
    readonly transport: Transport;
    readonly user: string | undefined;
    /** Polls for all requests of this client. */
    readonly poller: Poller;
    /** One request as an object, with its state and its actions. Hooks and promises use it. */
    createRequest: (start: RequestStart) => RequestObject;
    /** Calls the listener with the first record of each request of this client, until the returned function is called. */
    onSent: (listener: (record: ClientSecretRecord) => void) => () => void;
}

/** Options of `fetchWith`. */
interface FetchWithOptions {
    /** For a call without `$CLIENT_SECRET` in its url, headers or text: `'native'` uses the page's own fetch, `'refuse'` refuses it. Default `'native'`. */
    withoutPlaceholder?: 'native' | 'refuse' | undefined;
}
/** Returns a `fetch` that makes its calls through the relay, with this key. */
type FetchWith = (clientSecretName: string, options?: FetchWithOptions) => typeof fetch;

/** Result of a request with a `queue` and no `poll`. */
interface QueuedRequest<Data = unknown> {
    id: string;
    status: RecordStatus;
    queueName: string;
    /** Position in the queue: 1 is next, or running. */
    inQueue: number;
    /** Starts polling by hand. */
    poll: (options?: PollOptions<Data>) => PollPromise<Data>;
}
/** Options and callbacks of one poll. */
interface PollOptions<Data = unknown> extends Callbacks<Data> {
    /** Milliseconds; upper bound on the age of the record. Default 1,000. */
    interval?: number | undefined;
    /** Aborting it ends the polling with `ABORTED`. */
    signal?: AbortSignal | undefined;
}
/** The API's answer, or `{ id, status: 'stopped' }` after `stop()`. */
interface PollPromise<Data = unknown> extends Promise<Data | PollStopped> {
    /** Stops the polling. The request goes on and can be polled again. */
    stop: () => void;
}

/** Options of one call. */
interface RequestOptions {
    /** Aborting it ends the request or its polling with `ABORTED`. */
    signal?: AbortSignal | undefined;
}
/** Options for reading an answer. */
interface ReadOptions {
    /** Any Standard Schema (zod, valibot, arktype …); checks the answer's data and gives it its type. */
    schema?: StandardSchema | undefined;
    /** The type of the answer's data. Default: by its content type. */
    responseType?: ResponseType | undefined;
}
/** Options for following a request. */
interface FollowOptions extends ReadOptions {
    /** Upper bound on the age of the record, in milliseconds. Default 1,000. */
    interval?: number | undefined;
    /** Aborting it stops the polling. The promise resolves to `{ id, status: 'stopped' }`. */
    stopSignal?: AbortSignal | undefined;
    /** Aborting it ends the polling with `ABORTED`. */
    signal?: AbortSignal | undefined;
    /** Called with every change of the record, including the last one. */
    onUpdate?: ((record: ClientSecretRecord) => void) | undefined;
}
/** Options for sending a request, and for following it if it runs in the background. */
type SendOptions = Omit<FollowOptions, 'interval'> & Pick<RequestStart, 'idempotencyKey'>;
/** The result depends on `queue` and `poll`. */
interface ClientSecretRequestFunction {
    /** A direct request returns the API's answer. */
    <Data = unknown>(params: ClientSecretRequestParams<Data> & {
        queue?: undefined;
        poll?: 0 | undefined;
    }, options?: RequestOptions): Promise<Data>;
    /** A request with a queue and without poll returns a `QueuedRequest`, to poll by hand. */
    <Data = unknown>(params: ClientSecretRequestParams<Data> & {
        queue: string;
        poll?: 0 | undefined;
    }, options?: RequestOptions): Promise<QueuedRequest<Data>>;
    /** All other requests: the fields decide at run time. Check with `isPollStopped` and `'poll' in …`. */
    <Data = unknown>(params: ClientSecretRequestParams<Data>, options?: RequestOptions): Promise<Data | PollStopped | QueuedRequest<Data>>;
}
/** The result of `createClient`. All its functions fail with a `ClientSecretError`. */
interface Client extends ClientCore {
    /**
     * Calls an API with a key that only the relay knows.
     *
     * Returns the API's answer: its body, parsed if it is JSON. With `queue` and without
     * `poll`, it returns a `QueuedRequest` at once, to poll by hand.
     *
     * @throws ClientSecretError with a `code`, see the table of errors.
     */
    clientSecretRequest: ClientSecretRequestFunction;
    /** Stops all polling of a request. Each poll resolves to `{ id, status: 'stopped' }`. The request goes on. */
    stopPolling: (id: string) => void;
    /**
     * Returns a `fetch` that makes its calls through the relay. Give it to an SDK, with `$CLIENT_SECRET` as the SDK's key.
     * The same name always gives the same function.
     *
     * @example
     * new OpenAI({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('openai') })
     */
    fetchWith: FetchWith;
    /** A page of this caller's past requests, the newest first. */
    history: (filter?: HistoryFilter, options?: RequestOptions) => Promise<HistoryPage>;
    /**
     * Removes a request from its queue, or ends its running call, by its id or its
     * idempotency key. Its record becomes `cancelled`.
     *
     * @throws ClientSecretError `REQUEST_NOT_FOUND` or `EXPIRED`
     */
    cancel: (idOrKey: string) => Promise<CancelAnswer>;
    /** Counts this caller's unsettled requests in queues of this name, including the running one. */
    queueCount: (queueName: string) => Promise<QueueCount>;
    /** Like `clientSecretRequest`, for code that keeps its own state: without callbacks, and with every change of the record. */
    send: (params: RequestParams, options?: SendOptions) => Promise<Sent>;
    /** Follows an earlier request by its id, until it settles. */
    follow: (seen: RecordVersion, options?: FollowOptions) => Promise<Answer | PollStopped>;
}
/**
 * Creates a client. An idle client has no connection and no timer.
 *
 * @example
 * const client = createClient({ relay: '/relay' })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` if `relay` is neither a path nor a url.
 */
declare function createClient(options: ClientOptions): Client;

export { createClient as J, isPollStopped as K, isSettled as M };
export type { ApiResponse as A, RequestOptions as B, CancelAnswer as C, RequestProgress as D, ResponseType as E, FetchWith as F, SendOptions as G, HistoryFilter as H, Sent as I, Listeners as L, PollStopped as P, QueuedRequest as Q, RequestParams as R, StandardSchema as S, Transport as T, UpstreamResponse as U, WireError as W, RecordStatus as a, Client as b, ClientSecretRecord as c, ParsedResponse as d, PauseReason as e, ClientCore as f, RequestStart as g, RequestObject as h, ClientSecretRequestParams as i, Answer as j, Callbacks as k, ClientOptions as l, ClientSecretRequestFunction as m, FetchWithOptions as n, FollowOptions as o, HistoryPage as p, PollAnswer as q, PollOptions as r, PollPromise as s, Polling as t, PollingOptions as u, QueueCount as v, ReadOptions as w, RecordVersion as x, RequestData as y, RequestFields as z };
