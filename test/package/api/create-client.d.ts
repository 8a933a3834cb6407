import { C as ClientSecretRecord, S as Seen, a as CancelAnswer, T as Transport, R as RecordStatus, H as HistoryFilter, b as HistoryPage, Q as QueueCount } from './transport.js';
import { C as ClientSecretError } from './errors.js';
import { M as Method, P as ParamValue } from './request.js';

/** The upstream's answer. */
interface ApiResponse {
    status: number;
    /** Names in lower case. */
    headers: Record<string, string>;
    /** The exact text; bytes where the upstream sent bytes. */
    body: string | Uint8Array;
}
/** A settled record, read. */
interface Answer {
    record: ClientSecretRecord;
    /** The body: parsed when its content type is JSON, else the text or the bytes; null when empty. */
    data: unknown;
    response: ApiResponse;
}

/**
 * What zod, valibot, arktype and others offer alike.
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

/** Who hears how a request ends. */
interface Callbacks<Data = unknown> {
    /** Called once with the final API response: its body, and its status and headers beside it. */
    onResponse?: ((data: Data, response: ApiResponse) => void) | undefined;
    /** Called once when the request or the polling fails. */
    onError?: ((error: ClientSecretError) => void) | undefined;
}
/** Who hears of a request, and how its answer is checked. */
interface Listeners<Data = unknown> extends Callbacks<Data> {
    /** Called with every change of what the relay knows of the request. */
    onUpdate?: ((record: ClientSecretRecord) => void) | undefined;
    /** Called once when the request has ended, whichever way: with its data, or with its error. */
    onSettled?: ((data: Data | undefined, error: ClientSecretError | undefined) => void) | undefined;
    /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
    schema?: StandardSchema<Data> | undefined;
}

/** Why polling rests: nobody looks at the page, or it has no network. */
type PauseReason = 'hidden' | 'offline';

/** How a poll ends that was stopped: the request goes on, and can be followed again. */
interface PollStopped {
    id: string;
    status: 'stopped';
}
/** True for what a stopped poll resolves to; an API's body of the same shape is not mistaken for it. */
declare function isPollStopped(value: unknown): value is PollStopped;

/** Who follows a record. */
interface Watcher {
    /** Upper bound on how old what is seen may be, in milliseconds. */
    interval: number;
    /** Called with every change of the record; a settled one is the last. */
    onRecord: (record: ClientSecretRecord) => void;
    /** Called when the polling rests, with the reason, and with `undefined` when it goes on. */
    onPause: (reason: PauseReason | undefined) => void;
    /** The record has expired, or may not be read. */
    onError: (error: ClientSecretError) => void;
    /** Somebody stopped all polling of this record. */
    onStop: () => void;
}
interface Poller {
    /** Follows a record until it is settled, fails, or the returned function is called. */
    watch: (seen: Seen, watcher: Watcher) => () => void;
    /** Stops everyone who follows this record. */
    stop: (id: string) => void;
}

/** What a component asks for, field by field. */
interface RequestParams {
    /** Name of a key that the relay knows. */
    clientSecretName: string;
    /** Absolute `https:` url; `http:` only where a key's rule allows it. */
    url: string;
    /** Any letter case. */
    method: Method | Lowercase<Method>;
    /** `$CLIENT_SECRET` in a value becomes the key. */
    headers?: Record<string, string> | undefined;
    /** The body of POST, PUT and PATCH: JSON, or a form when the Content-Type header says `application/x-www-form-urlencoded`. */
    data?: object | undefined;
    /** Appended to the query that the url already has. */
    params?: Record<string, ParamValue | readonly ParamValue[]> | undefined;
    /**
     * Milliseconds, 0 or more. Above 0 the request runs in the background and is polled until it settles. The relay
     * holds each poll and answers the moment something changes, so this bounds how old what is seen may be; it is no
     * delay. Default 0.
     */
    poll?: number | undefined;
    /** Seconds, above 0, after which the record is removed and polling it is an error. Default: the relay's, one day. */
    expires?: number | undefined;
    /** Requests of one caller with the same url, method and queue run one at a time, in the order they arrived. Without it, in parallel. */
    queue?: string | undefined;
}
/** The parameters of `clientSecretRequest`. */
interface ClientSecretRequestParams<Data = unknown> extends RequestParams, Callbacks<Data> {
}

/** What a request is made of: parameters to send, or an id under which it was sent. */
interface RequestStart {
    params?: RequestParams | undefined;
    /** One that was sent before. With a version, only what differs from it is news. */
    seen?: Seen | undefined;
    /** What is known of it already. */
    record?: ClientSecretRecord | undefined;
    /** Milliseconds between polls. Default: that of `params`. */
    poll?: number | undefined;
    /** Who hears of it; asked when there is something to tell. */
    listeners?: (() => Listeners) | undefined;
    /** Called when something about it has changed. */
    onChange?: ((request: RequestObject) => void) | undefined;
    /** The request is known by it before it has an id, so that it can be cancelled. Default: a random one. */
    idempotencyKey?: string | undefined;
}
/** What `send` gives: an answer, a record that waits for somebody to poll it, or a stop. */
type Sent = Answer | {
    record: ClientSecretRecord;
    data?: undefined;
    response?: undefined;
} | PollStopped;
/** A poll by hand. */
interface Polling extends Promise<Answer | PollStopped> {
    /** Ends this poll, and with the last one all polling; the request itself goes on. */
    stop: () => void;
}
/** How one of those who wait polls. */
interface PollingOptions {
    /** Milliseconds. Default 1,000. */
    interval?: number | undefined;
    signal?: AbortSignal | undefined;
}
/** One request, from its beginning to its end. Whoever shows it and whoever waits for it has the same object. */
interface RequestObject {
    /** On its way to the relay, and no record of it yet. */
    readonly isSending: boolean;
    /** What the relay knows of it. */
    readonly record: ClientSecretRecord | undefined;
    readonly isPolling: boolean;
    /** Milliseconds between polls; 0 while it is polled by hand. */
    readonly interval: number;
    /** Why the polling rests: nobody looks at the page, or it has no network. */
    readonly pauseReason: PauseReason | undefined;
    /** Why nobody polls: it was stopped, or paused because nobody is there to see it. */
    readonly rest: 'stopped' | 'paused' | undefined;
    /** How it ended. */
    readonly outcome: Answer | ClientSecretError | undefined;
    /** Sends it, and polls where it says so. Once. */
    send: (signal?: AbortSignal) => Promise<Sent>;
    /** Waits for the answer, as one of any number. */
    poll: (options?: PollingOptions) => Polling;
    /** Ends all polling, until it is resumed. */
    stop: () => void;
    /** Begins the polling, or takes it up again. */
    resume: () => void;
    /** Ends the polling because nobody is there to see it. */
    pause: () => void;
    /** Takes up what was paused, and not what was stopped. */
    unpause: () => void;
    cancel: () => Promise<CancelAnswer>;
}

/** Where the relay is, and how it is asked. */
interface RelayTransportOptions {
    /** Where the relay is mounted: a path of this site (`/relay`) or an absolute url. */
    relay: string;
    /** Sent along with every call, such as an Authorization header of your own site; a function is asked anew each time. */
    headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>) | undefined;
    /** Instead of the global `fetch`, such as one that includes credentials. */
    fetch?: typeof globalThis.fetch | undefined;
}

/** Which server the client talks to, and who is signed in. */
type ClientOptions = (RelayTransportOptions | {
    transport: Transport;
}) & {
    /** Who is signed in, by any id of yours: what is kept over a reload for one user is not found by the next. */
    user?: string | undefined;
};
/** What a client is made of. The hooks use this and nothing more. */
interface ClientCore {
    /** Differs for each client of a page, and so keeps apart what hooks store. Names server and user. */
    readonly key: string;
    readonly transport: Transport;
    readonly user: string | undefined;
    /** Polls for all requests of this client. */
    readonly poller: Poller;
    /** One request as an object: where it stands, and what can be done with it. Hooks and promises are made of it. */
    createRequest: (start: RequestStart) => RequestObject;
}

/** How a `fetch` of `fetchWith` treats what is none of the relay's business. */
interface FetchWithOptions {
    /** What becomes of a call without `$CLIENT_SECRET` in its url, headers or text: the page's own fetch, or a refusal. Default `'native'`. */
    withoutPlaceholder?: 'native' | 'refuse' | undefined;
}
/** Gives a `fetch` that makes its calls through the relay, with this key. */
type FetchWith = (clientSecretName: string, options?: FetchWithOptions) => typeof fetch;

/** What a request with a `queue` and no `poll` gives at once. */
interface QueuedRequest<Data = unknown> {
    id: string;
    status: RecordStatus;
    queueName: string;
    /** Place in line: 1 is next, or running. */
    inQueue: number;
    /** Starts polling by hand. */
    poll: (options?: PollOptions<Data>) => PollPromise<Data>;
}
/** How a queued request is polled by hand, and who hears of it. */
interface PollOptions<Data = unknown> extends Callbacks<Data> {
    /** Milliseconds; an upper bound on how late the answer is seen. Default 1,000. */
    interval?: number | undefined;
    /** Aborting it ends the polling with `ABORTED`. */
    signal?: AbortSignal | undefined;
}
/** The API's answer, or `{ id, status: 'stopped' }` after `stop()`. */
interface PollPromise<Data = unknown> extends Promise<Data | PollStopped> {
    /** Stops the polling; the request itself goes on and can be polled again. */
    stop: () => void;
}

/** How a request can be ended. */
interface RequestOptions {
    /** Aborting it ends the request or its polling with `ABORTED`. */
    signal?: AbortSignal | undefined;
}
/** How an answer is read. */
interface ReadOptions {
    /** Any Standard Schema (zod, valibot, arktype …); checks the answer's data and gives it its type. */
    schema?: StandardSchema | undefined;
}
/** How a request is followed. */
interface FollowOptions extends ReadOptions {
    /** Upper bound on how old what is shown may be, in milliseconds. Default 1,000. */
    interval?: number | undefined;
    /** Stops the following: it resolves to `{ id, status: 'stopped' }`. */
    stopSignal?: AbortSignal | undefined;
    /** Ends the following with `ABORTED`. */
    signal?: AbortSignal | undefined;
    /** Called with every change of the record, the last one included. */
    onUpdate?: ((record: ClientSecretRecord) => void) | undefined;
}
/** How a request is sent, and followed where it runs in the background. */
type SendOptions = Omit<FollowOptions, 'interval'> & Pick<RequestStart, 'idempotencyKey'>;
/** What it gives depends on `queue` and `poll`. */
interface ClientSecretRequestFunction {
    /** A direct request: the API's answer. */
    <Data = unknown>(params: ClientSecretRequestParams<Data> & {
        queue?: undefined;
        poll?: 0 | undefined;
    }, options?: RequestOptions): Promise<Data>;
    /** A queue and no poll: what polls it by hand. */
    <Data = unknown>(params: ClientSecretRequestParams<Data> & {
        queue: string;
        poll?: 0 | undefined;
    }, options?: RequestOptions): Promise<QueuedRequest<Data>>;
    /** Otherwise what the fields say at run time; `isPollStopped` and `'poll' in …` tell. */
    <Data = unknown>(params: ClientSecretRequestParams<Data>, options?: RequestOptions): Promise<Data | PollStopped | QueuedRequest<Data>>;
}
/** What `createClient` makes. All failures of its functions are `ClientSecretError`s. */
interface Client extends ClientCore {
    /**
     * Calls an API with a key that only the relay knows.
     *
     * Gives the API's answer (its body, parsed when it is JSON); with `queue` and
     * no `poll`, at once a `QueuedRequest` to poll by hand.
     *
     * @throws ClientSecretError with a `code`, see the table of errors.
     */
    clientSecretRequest: ClientSecretRequestFunction;
    /** Stops all polling of a request; each resolves to `{ id, status: 'stopped' }`. The request itself goes on. */
    stopPolling: (id: string) => void;
    /**
     * A `fetch` that makes its calls through the relay: for an SDK, whose key is `$CLIENT_SECRET` then. The same function
     * each time for the same name.
     *
     * @example
     * new OpenAI({ apiKey: '$CLIENT_SECRET', dangerouslyAllowBrowser: true, fetch: client.fetchWith('openai') })
     */
    fetchWith: FetchWith;
    /** A page of this caller's past requests, the newest first. */
    history: (filter?: HistoryFilter, options?: RequestOptions) => Promise<HistoryPage>;
    /**
     * Takes a request out of its queue, or ends the call that runs, by its id or its
     * idempotency key. Whoever follows it sees it `cancelled`.
     *
     * @throws ClientSecretError `REQUEST_NOT_FOUND` or `EXPIRED`
     */
    cancel: (idOrKey: string) => Promise<CancelAnswer>;
    /** How many of this caller's requests are unsettled in queues of this name, the running one included. */
    queueCount: (queueName: string) => Promise<QueueCount>;
    /** The same as `clientSecretRequest` for those who keep their own state: no callbacks, every change of the record told. */
    send: (params: RequestParams, options?: SendOptions) => Promise<Sent>;
    /** Follows a request that was sent before, by its id, until it is settled. */
    follow: (seen: Seen, options?: FollowOptions) => Promise<Answer | PollStopped>;
}
/**
 * Makes a client. It holds no connection and no timer while it has nothing to do.
 *
 * @example
 * const client = createClient({ relay: '/relay' })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` when `relay` is neither a path nor a url.
 */
declare function createClient(options: ClientOptions): Client;

export { createClient as t, isPollStopped as u };
export type { ApiResponse as A, Client as C, FetchWith as F, Listeners as L, PauseReason as P, QueuedRequest as Q, RelayTransportOptions as R, StandardSchema as S, RequestParams as a, ClientSecretRequestParams as b, PollStopped as c, Answer as d, Callbacks as e, ClientCore as f, ClientOptions as g, ClientSecretRequestFunction as h, FetchWithOptions as i, FollowOptions as j, PollOptions as k, PollPromise as l, Polling as m, ReadOptions as n, RequestObject as o, RequestOptions as p, RequestStart as q, SendOptions as r, Sent as s };
