import { b as ClientSecretRecord, P as PauseReason, f as RecordVersion, a as CancelAnswer, R as RecordStatus, C as ClientCore, H as HistoryFilter, d as HistoryPage, Q as QueueCount, c as ClientOptions } from './create-core.js';
import { C as ClientSecretError } from './errors.js';
import { M as Method, F as FormArrays, P as ParamValue } from './request.js';

/**
 * The relay of these pages, for the types of their requests. Once its config is registered, a key without an entry
 * there, and a url that no rule of the key allows, do not compile. Write the config with `satisfies RelayOptions`.
 *
 * @example
 * // `config` is the default export of relay.config.ts, imported with `import type`.
 * declare module 'react-client-secret' {
 *   interface Register {
 *     relay: typeof config
 *   }
 * }
 */
interface Register {
}
type RegisteredKeys = Register extends {
    relay: {
        keys?: infer Keys;
    };
} ? NonNullable<Keys> : Record<string, unknown>;
/** The name of a key: any text, or a key of the registered relay. */
type ClientSecretName = Extract<keyof RegisteredKeys, string>;
/** The urls that the rules of a key allow: any text, until a relay is registered. */
type ClientSecretUrl<Name extends ClientSecretName = ClientSecretName> = RegisteredKeys[Name] extends infer Key ? UrlOfKey<Key> : never;
/** A key, and a url that its rules allow. */
type KeyAndUrl = {
    [Name in ClientSecretName]: {
        /** Name of a key that the relay knows. */
        clientSecretName: Name;
        /** Absolute `https:` url; `http:` only where a key's rule allows it. */
        url: ClientSecretUrl<Name>;
    };
}[ClientSecretName];
type UrlOfKey<Key> = Key extends {
    allow: readonly (infer Rule)[];
} ? UrlOfRule<Rule> : string;
type UrlOfRule<Rule> = Rule extends {
    url: infer Url extends string;
} ? WithQuery<Filled<Url>> : never;
type WithQuery<Url extends string> = Url | `${Url}?${string}`;
/** The pattern of a rule, with text for each of its stars. */
type Filled<Pattern extends string> = Pattern extends `${infer Start}**` ? `${Filled<Start>}${string}` : Pattern extends `${infer Start}*${infer Rest}` ? `${Start}${string}${Filled<Rest>}` : Pattern;

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

/** A body: fields or a list that JSON can carry, a text, or bytes, a file or a form. */
type RequestData = string | readonly unknown[] | RequestFields | RawData;
/** A body that JSON cannot carry. Its request runs directly, without queue and poll, except for URLSearchParams. */
type RawData = Blob | ArrayBuffer | ArrayBufferView | FormData | URLSearchParams;
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
type RequestParams = KeyAndUrl & RequestDetails;
/** The fields of a request beside its key and url. */
interface RequestDetails {
    /** Any letter case. */
    method: Method | Lowercase<Method>;
    /** `$CLIENT_SECRET` in a value becomes the key. */
    headers?: Record<string, string> | undefined;
    /**
     * The body of POST, PUT, PATCH and DELETE: JSON, or a form with the Content-Type `application/x-www-form-urlencoded`
     * or `multipart/form-data`. URLSearchParams are such a form. The relay sends a string, a Blob, a File, bytes and the
     * files of a FormData unchanged, with any Content-Type; they may not contain a placeholder. A request with files or
     * bytes runs directly, without `queue` and `poll`.
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
type ClientSecretRequestParams<Data = unknown> = RequestParams & Callbacks<Data>;

/** The result of a stopped poll. The request goes on, and you can follow it again. */
interface PollStopped {
    id: string;
    status: 'stopped';
}
/** True for the result of a stopped poll. False for an API's body of the same shape. */
declare function isPollStopped(value: unknown): value is PollStopped;

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
    /** Takes the place of the submit, for a request that an earlier page submitted. */
    find?: ((signal: AbortSignal) => Promise<ClientSecretRecord>) | undefined;
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

/** Options of `fetchWith`. */
interface FetchWithOptions {
    /** For a call without `$CLIENT_SECRET` in its url, headers or text: `'native'` uses the page's own fetch, `'refuse'` refuses it. Default `'native'`. */
    withoutPlaceholder?: 'native' | 'refuse' | undefined;
}
/** Returns a `fetch` that makes its calls through the relay, with this key. */
type FetchWith = (clientSecretName: ClientSecretName, options?: FetchWithOptions) => typeof fetch;

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

export { createClient as B, isPollStopped as D };
export type { ApiResponse as A, Client as C, FetchWith as F, KeyAndUrl as K, Listeners as L, PollStopped as P, QueuedRequest as Q, RequestParams as R, StandardSchema as S, ParsedResponse as a, RequestStart as b, RequestObject as c, ClientSecretRequestParams as d, Answer as e, Callbacks as f, ClientSecretName as g, ClientSecretRequestFunction as h, ClientSecretUrl as i, FetchWithOptions as j, FollowOptions as k, PollOptions as l, PollPromise as m, Polling as n, PollingOptions as o, RawData as p, ReadOptions as q, Register as r, RequestData as s, RequestDetails as t, RequestFields as u, RequestOptions as v, RequestProgress as w, ResponseType as x, SendOptions as y, Sent as z };
