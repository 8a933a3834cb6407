import { C as ClientSecretError } from './errors.js';
export { a as ClientSecretErrorDetails, E as ErrorCode, i as isClientSecretError } from './errors.js';
import { a as CancelAnswer, T as Transport } from './create-core.js';
export { C as ClientCore, c as ClientOptions, b as ClientSecretRecord, H as HistoryFilter, d as HistoryPage, P as PauseReason, e as PollAnswer, Q as QueueCount, R as RecordStatus, f as RecordVersion, U as UpstreamResponse, W as WireError, i as isSettled } from './create-core.js';
import { S as StandardSchema, K as KeyAndUrl, t as RequestDetails } from './create-client.js';
export { e as Answer, A as ApiResponse, f as Callbacks, C as Client, g as ClientSecretName, h as ClientSecretRequestFunction, d as ClientSecretRequestParams, i as ClientSecretUrl, F as FetchWith, j as FetchWithOptions, k as FollowOptions, L as Listeners, a as ParsedResponse, l as PollOptions, m as PollPromise, P as PollStopped, n as Polling, o as PollingOptions, Q as QueuedRequest, p as RawData, q as ReadOptions, r as Register, s as RequestData, u as RequestFields, c as RequestObject, v as RequestOptions, R as RequestParams, w as RequestProgress, b as RequestStart, x as ResponseType, y as SendOptions, z as Sent, B as createClient, D as isPollStopped } from './create-client.js';
export { R as RelayTransportOptions } from './relay-transport.js';
export { C as ClientSecretRequest, F as FormArrays, J as JsonObject, M as Method, P as ParamValue, R as RequestBody } from './request.js';

/**
 * Returns the error with which the relay refused a call of an SDK. Finds it in the SDK's error, or in a Response of
 * `fetchWith`. Undefined if the relay did not refuse the call, such as for an error of the API itself.
 *
 * @example
 * const isSignInRequired = (thrown: unknown) => clientSecretErrorOf(thrown)?.code === 'SIGN_IN_REQUIRED'
 */
declare function clientSecretErrorOf(thrownOrResponse: unknown): ClientSecretError | undefined;

/** An event of a stream, and its fields in server-sent events. */
interface StreamEvent {
    /** Parsed JSON; the text of a server-sent event that is no JSON. */
    data: unknown;
    /** The field `event` of a server-sent event. */
    event?: string | undefined;
    /** The field `id` of a server-sent event. */
    id?: string | undefined;
}

/** The head of the API's answer. */
interface StreamResponse {
    status: number;
    /** Names in lower case. */
    headers: Record<string, string>;
}
/** How to read a stream, and its callbacks. */
interface StreamOptions<Event = unknown, Data = unknown> {
    /**
     * `events`: server-sent events or NDJSON, each parsed as JSON; the JSON of any other answer is one event. `text`: the
     * decoded text. `bytes`: a `Uint8Array`. Text and bytes come in pieces of any length. Default `events`.
     */
    read?: 'events' | 'text' | 'bytes' | undefined;
    /** Any Standard Schema (zod, valibot, arktype …); checks each event and gives it its type. A mismatch ends the stream with `INVALID_RESPONSE`. */
    schema?: StandardSchema<Event> | undefined;
    /** The text that an event adds to `text`. An error thrown here ends the stream. Default: `deltaText`. */
    textOf?: ((event: Event) => string | undefined) | undefined;
    /** Computes `data` from the data before and an event, or a piece of text or bytes. Called once for each, in order. */
    reduce?: ((data: Data, event: Event) => Data) | undefined;
    /** The first `data` of `reduce`. */
    initial?: Data | undefined;
    /** Called with each event, or piece of text or bytes, and with the fields of a server-sent event. */
    onEvent?: ((event: Event, source: Pick<StreamEvent, 'event' | 'id'>) => void) | undefined;
    /** Called once when the answer is complete. */
    onResponse?: ((data: Data, response: StreamResponse) => void) | undefined;
    /** Called once when the stream fails or is cancelled. */
    onError?: ((error: ClientSecretError) => void) | undefined;
    /** Called once at the end, with the data or the error. */
    onSettled?: ((data: Data | undefined, error: ClientSecretError | undefined) => void) | undefined;
}

/** The request of a stream. With `queue` or `poll`, it runs in the background, and the relay keeps its answer. */
type StreamParams = KeyAndUrl & Omit<RequestDetails, 'responseType'> & {
    /**
     * Keeps the answer with the relay's record until the record expires. The call then goes on without a reader, and
     * any page of the caller can read the stream from any byte. Default false; true with `queue` or `poll`.
     */
    keep?: boolean | undefined;
};
/** The state of a stream. Narrowing on `status` narrows `error`. */
type StreamState<Event = unknown, Data = unknown> = {
    /** The text so far. Of events, the text of their deltas. Empty for bytes. */
    text: string;
    /** The events so far, checked by `schema`. Empty for text and bytes. */
    events: readonly Event[];
    /** The result of `reduce`; without it the last event, the text, or the bytes so far. */
    data: Data;
    /** The place in the queue while the status is `queued`: 1 is next. */
    inQueue: number | undefined;
    /** The relay's record of the stream, once the request has a place in its queue, or the API answers. `useClientSecretRecord(record.id)` follows it. */
    record: {
        id: string;
    } | undefined;
    /** The head of the API's answer, once it answers. */
    response: StreamResponse | undefined;
    /** True from `send` until the stream ends or stops. */
    isStreaming: boolean;
} & ({
    /**
     * `idle`: before `send`. `sending`: until the API answers. `queued`: in its queue, before the call. `streaming`: until the answer ends. `resolved`: the
     * answer is complete. `stopped`: after `stop`, and `resume` continues.
     */
    status: 'idle' | 'sending' | 'queued' | 'streaming' | 'resolved' | 'stopped';
    error: undefined;
} | {
    /** The answer is incomplete or missing, and `error` says why. */
    status: 'failed' | 'cancelled';
    error: ClientSecretError;
});
/** The status of a stream. */
type StreamStatus = StreamState['status'];
/** One streamed answer, from start to end. */
interface StreamObject<Event = unknown, Data = unknown> {
    /** The current state. */
    state: () => StreamState<Event, Data>;
    /** Sends the request and reads the answer. Call it once. Resolves at the end, at a failure and at a stop. */
    send: () => Promise<void>;
    /**
     * Stops reading. `resume` continues; without a reader, the relay ends a call that it does not keep after
     * `limits.disconnectGracePeriod`. A request in a queue stays there.
     */
    stop: () => void;
    /** Continues after a stop or a lost connection, where the reading ended. Does not call the API again. */
    resume: () => Promise<void>;
    /** Stops reading until `resume`, and leaves the status as it is. */
    pause: () => void;
    /**
     * Ends the call.
     *
     * @throws ClientSecretError when the relay cannot be reached.
     */
    cancel: () => Promise<CancelAnswer>;
}
/** The start of a stream. */
interface StreamStart<Event = unknown, Data = unknown> {
    /** The request to send. */
    params?: StreamParams | undefined;
    /** A kept stream that was sent before. `resume` reads it from its beginning. */
    record?: {
        id: string;
    } | undefined;
    /** Identifies the request to the relay. Without `params`, it names a kept stream that was sent before. Default: random. */
    idempotencyKey?: string | undefined;
    /** Returns the options. Called for each event. */
    options?: (() => StreamOptions<Event, Data>) | undefined;
    /** Called after each change of the state. `isUrgent` is false for more content of the answer. */
    onChange?: ((isUrgent: boolean) => void) | undefined;
    /** Aborting it ends the call, and the stream with `ABORTED`. */
    signal?: AbortSignal | undefined;
}
/**
 * Reads the answer of an API while it arrives, without React. Each stream is one call of the API: a lost connection
 * continues at the byte where it broke.
 *
 * @example
 * const stream = createStream(client, {
 *   params: {
 *     clientSecretName: 'openai',
 *     url: 'https://api.openai.com/v1/responses',
 *     method: 'POST',
 *     headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 *     data: { model: 'gpt-5', input: 'Tell me about otters.', stream: true },
 *   },
 *   onChange: () => console.log(stream.state().text),
 * })
 * await stream.send()
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for a value that JSON cannot carry, and for a transport without `fetch`.
 */
declare function createStream<Event = unknown, Data = Event | undefined>(client: {
    readonly transport: Transport;
}, start: StreamStart<Event, Data>): StreamObject<Event, Data>;

/**
 * The text that an event adds to an answer: the first choice of OpenAI's chat completions, OpenAI's responses,
 * Anthropic, Gemini and Ollama. Empty for all other events, and for thoughts of a model.
 *
 * @throws ClientSecretError `UPSTREAM_ERROR` for an event in which such an API reports a failure.
 */
declare function deltaText(event: unknown): string;

export { CancelAnswer, ClientSecretError, KeyAndUrl, RequestDetails, StandardSchema, Transport, clientSecretErrorOf, createStream, deltaText };
export type { StreamEvent, StreamObject, StreamOptions, StreamParams, StreamResponse, StreamStart, StreamState, StreamStatus };
