import { ErrorCode } from './client.js';
import { UpstreamResponse, WireError } from './client.js';
import { Client } from './client.js';
import { ClientSecretRequest, Method } from './client.js';
import './relay-transport.js';

/** The time of an answer. */
interface Timing {
    /**
     * Milliseconds until the answer: after the request is sent, or, in a queue, after the
     * requests before it settle. Default 0: at once, without a timer.
     */
    after?: number | undefined;
    /**
     * The first position of a request with a `queue`; 1 is running. `after` is divided
     * evenly among the positions down to 1. Default 1.
     */
    inQueue?: number | undefined;
}
interface ReplyOptions extends Timing {
    /** HTTP status of the API. From 400 on the request fails with `UPSTREAM_ERROR`, and `body` is the error's `data`. Default 200. */
    status?: number | undefined;
    /** Headers of the API, in any letter case. Default content type: by the type of the body. */
    headers?: Record<string, string> | undefined;
}
interface FailOptions extends Timing {
    /** The error's message. */
    message?: string | undefined;
    /** HTTP status. Default: the code's own. */
    status?: number | undefined;
    /** The path of the wrong parameter, such as `params.page`. */
    path?: string | undefined;
    /** Seconds to wait before another try. */
    retryAfter?: number | undefined;
}
/** The end of a request: the API's answer, an error, or both for an error of the API. */
interface Outcome {
    response?: UpstreamResponse | undefined;
    error?: WireError | undefined;
}
/** The request's side of an answer in progress. */
interface Course {
    /** Moves the request to a position in its queue; at 1 it runs. */
    moveTo: (place: number) => void;
    /** Waits. Ends early if the request ends, such as by `cancel`. */
    wait: (milliseconds: number) => Promise<void>;
    /** Begins a streamed answer with its head. */
    begin: (head: StreamedHead) => void;
    /** Delivers a piece of the streamed answer. */
    write: (piece: Piece) => void;
}
/** The head of a streamed answer. */
type StreamedHead = Pick<UpstreamResponse, 'status' | 'headers'>;
/** A piece of a streamed answer. */
type Piece = string | Uint8Array;
/** The scripted outcome of a request. Create one with `reply`, `fail`, `hold`, `stream` or `holdStream`. */
interface ScriptedAnswer {
    /** The first position in the queue. */
    readonly inQueue: number;
    /** True for an error before there is a record. */
    readonly isRefusal: boolean;
    /** Plays the answer, from the start of the request's turn to its end. */
    readonly play: (course: Course) => Promise<Outcome>;
}
/** An answer that waits until the test gives it. */
interface HeldAnswer extends ScriptedAnswer {
    /** Moves every held request to this position in its queue; at 1 it runs. */
    moveTo: (place: number) => void;
    /**
     * Gives this answer to every held request, and to all later ones.
     *
     * @throws ClientSecretError `INVALID_PARAMETER` for a second call.
     */
    answer: (next: ScriptedAnswer) => void;
}
/**
 * Scripts an answer of the API.
 *
 * @param body A string becomes text, a `Uint8Array` bytes, and every other value JSON.
 *   Without a body, `data` is null.
 *
 * @example
 * client.on({ url: /images/ }, reply({ data: [{ b64_json }] }, { after: 2_000, inQueue: 3 }))
 * client.on({ url: /chat/ }, reply({ error: { message: 'Incorrect API key provided.' } }, { status: 401 }))
 */
declare function reply(body?: unknown, { status, headers, ...timing }?: ReplyOptions): ScriptedAnswer;
/**
 * Scripts a failure, as of a real relay. `RATE_LIMITED`, `NETWORK_ERROR` and other
 * errors that come before there is a record reject the send. With `inQueue`, the relay
 * accepts the request first, and the error ends it. `EXPIRED` and `REQUEST_NOT_FOUND`
 * remove the record, `CANCELLED` cancels it.
 *
 * The client does not retry: the failure is the one after its last try. For an error
 * of the API, use `reply` with its `status`.
 *
 * @example
 * client.on({ url: /images/ }, fail('RATE_LIMITED', { retryAfter: 30 }))
 */
declare function fail(code: ErrorCode, { after, inQueue, message, ...details }?: FailOptions): ScriptedAnswer;
/**
 * Holds the answer until the test gives it. Until then, the request runs, or waits at
 * the position `inQueue`.
 *
 * @example
 * const later = hold({ inQueue: 3 })
 * client.on({ url: /images/ }, later)
 * // … send, and check position 3 …
 * later.moveTo(1)
 * later.answer(reply({ picture: 'otter' }))
 */
declare function hold({ inQueue }?: Pick<Timing, 'inQueue'>): HeldAnswer;

/** A request and its answer, as a relay gave it: without secrets. `client-secret-relay record` writes them as JSON. */
interface Recording {
    request: RecordedRequest;
    /** Milliseconds from the request to its answer, or to the head of a streamed one. */
    after: number;
    /** The answer of the API. Of a streamed answer, the head. */
    response?: (Pick<UpstreamResponse, 'status' | 'headers'> & Partial<UpstreamResponse>) | undefined;
    /** The pieces of a streamed answer. */
    pieces?: RecordedPiece[] | undefined;
    /** The error of a request that failed or was refused, and of a stream that broke off. */
    error?: WireError | undefined;
    /** True for an error before there is a record. */
    isRefusal?: boolean | undefined;
}
/** A piece of a streamed answer. */
interface RecordedPiece {
    /** Milliseconds since the head. */
    at: number;
    /** UTF-8, or `base64`. */
    text?: string | undefined;
    base64?: string | undefined;
}
/** What tells requests apart. Its types are those of a JSON file that TypeScript imports. */
interface RecordedRequest {
    clientSecretName: string;
    url: string;
    method: string;
    params?: object | undefined;
    data?: unknown;
}

/** Selects requests. A missing field matches all. */
interface RequestMatch {
    clientSecretName?: string | undefined;
    /** The exact url, or an expression for it. `params` are not part of it. */
    url?: string | RegExp | undefined;
    /** In any letter case. */
    method?: Method | Lowercase<Method> | undefined;
    queue?: string | undefined;
}
/** An answer, or a function that returns one for the request. */
type Answering = ScriptedAnswer | ((request: ClientSecretRequest) => ScriptedAnswer);
/** Fields of a request, or a function of the whole request. */
type Matcher = RequestMatch | ((request: ClientSecretRequest) => boolean);

/** A client for hooks and provider, with a script and a list of its requests. */
interface TestClient extends Client {
    /**
     * Scripts the answers to matching requests. Each request takes the next answer, and the
     * last answer repeats. A later script comes before an earlier one, so that a test can
     * override what all tests share.
     *
     * @param match Fields of the request; a missing field matches all. Or a function of the request.
     * @param answers Each a `reply`, a `fail`, a `hold`, a `stream` or a `holdStream`, or a function that returns one for the request.
     * @returns The client, for the next `on`.
     */
    on: (match: Matcher, ...answers: [Answering, ...Answering[]]) => TestClient;
    /**
     * Scripts the answers of a recording that `client-secret-relay record` wrote, streams with their timing. A request
     * takes the next answer to an equal request. Without an equal one, it takes the first answer to its key, url and
     * method.
     *
     * @returns The client, for the next `on`.
     * @throws ClientSecretError `INVALID_PARAMETER` for a speed of 0 or less.
     */
    play: (recordings: readonly Recording[], options?: PlayOptions) => TestClient;
    /** The sent requests, in order and as JSON: checked, with the method in capitals, without callbacks. */
    readonly requests: readonly ClientSecretRequest[];
    /** Cuts the connection: sends fail with `NETWORK_ERROR`, and polls retry until `reconnect`. */
    disconnect: () => void;
    /** Restores the connection. Polls continue with their next try. */
    reconnect: () => void;
}
/** Options of `play`. */
interface PlayOptions {
    /** How many times as fast as recorded. `Infinity`: at once, without timers. Default 1. */
    speed?: number | undefined;
}
interface TestClientOptions {
    /** Milliseconds for each call of the relay, so that every state is visible. Default 0: no timer. */
    latency?: number | undefined;
    /** Any id of the signed-in user. */
    user?: string | undefined;
}
/**
 * Creates a client for tests and stories of your components. It needs no relay and no
 * network: it plays its script. Pass it to the provider as `client`. Checks, polling,
 * queues, history, streams and cancelling work as in the real client.
 *
 * It waits with `setTimeout` and `Date` only, so fake timers control it. A request
 * without a script fails with `INTERNAL`, and the error says how to script it.
 *
 * @example
 * const client = createTestClient().on({ url: /images/ }, reply({ picture: 'otter' }, { after: 2_000, inQueue: 3 }))
 * render(<ClientSecretProvider client={client}><Otter /></ClientSecretProvider>)
 */
declare function createTestClient({ latency, user }?: TestClientOptions): TestClient;

/** The head of a streamed answer. */
interface StreamHeadOptions extends Pick<ReplyOptions, 'status'> {
    /** Headers of the API, in any letter case. Default content type: `text/event-stream`. */
    headers?: Record<string, string> | undefined;
}
interface StreamAnswerOptions extends StreamHeadOptions {
    /** Milliseconds until the head of the answer. Default 0: at once, without a timer. */
    after?: number | undefined;
    /** Milliseconds before each chunk, and before the end. Default 0. */
    every?: number | undefined;
    /** Breaks the answer off with this error after the last chunk, such as `UPSTREAM_UNREACHABLE`. Default: a clean end. */
    breaksOff?: ErrorCode | undefined;
}
/** A streamed answer that the test writes. */
interface HeldStream extends ScriptedAnswer {
    /**
     * Delivers chunks to every reader. A later request gets them too, from the first on.
     *
     * @throws ClientSecretError `INVALID_PARAMETER` after the end.
     */
    write: (...chunks: unknown[]) => void;
    /**
     * Completes the answer.
     *
     * @throws ClientSecretError `INVALID_PARAMETER` after the end.
     */
    end: () => void;
    /**
     * Breaks the answer off. Default: `UPSTREAM_UNREACHABLE`, as for an API that closes its connection.
     *
     * @throws ClientSecretError `INVALID_PARAMETER` after the end.
     */
    breakOff: (code?: ErrorCode) => void;
}
/**
 * Scripts a streamed answer, for `useClientSecretStream`, `createStream` and `fetchWith`. Other requests get it whole.
 *
 * @param chunks A string or a `Uint8Array` travels as it is; every other value is one event, with the value as JSON.
 *
 * @example
 * const delta = (content: string) => ({ choices: [{ delta: { content } }] })
 * client.on({ url: /chat/ }, stream([delta('Otters '), delta('hold hands.')], { every: 50 }))
 */
declare function stream(chunks: readonly unknown[], { after, every, breaksOff, ...options }?: StreamAnswerOptions): ScriptedAnswer;
/**
 * Scripts a streamed answer that the test writes chunk by chunk. The head comes at once.
 *
 * @example
 * const answer = holdStream()
 * client.on({ url: /chat/ }, answer)
 * // … send …
 * answer.write({ choices: [{ delta: { content: 'Otters ' } }] })
 * answer.breakOff()
 */
declare function holdStream(options?: StreamHeadOptions): HeldStream;

export { createTestClient, fail, hold, holdStream, reply, stream };
export type { Answering, FailOptions, HeldAnswer, HeldStream, Matcher, PlayOptions, RecordedPiece, Recording, ReplyOptions, RequestMatch, ScriptedAnswer, StreamAnswerOptions, StreamHeadOptions, TestClient, TestClientOptions, Timing };
