import { ErrorCode } from './client.js';
import { UpstreamResponse, WireError } from './client.js';
import { Client } from './client.js';
import { ClientSecretRequest, Method } from './client.js';
import './relay-transport.js';

/** When an answer comes. */
interface Timing {
    /**
     * Milliseconds until the answer: from the sending on, or, in a queue, from when
     * those before it are done. Default 0: at once, without a timer.
     */
    after?: number | undefined;
    /**
     * Place in line at the start, for a request with a `queue`; 1 is running.
     * `after` is divided evenly among the places on the way down to 1. Default 1.
     */
    inQueue?: number | undefined;
}
interface ReplyOptions extends Timing {
    /** HTTP status of the API. From 400 on the request fails with `UPSTREAM_ERROR`, and `body` is the error's `data`. Default 200. */
    status?: number | undefined;
    /** Headers of the API, in any letter case. The content type follows from the body unless it is given. */
    headers?: Record<string, string> | undefined;
}
interface FailOptions extends Timing {
    /** The error's message. */
    message?: string | undefined;
    /** HTTP status. Default: the code's own. */
    status?: number | undefined;
    /** Where in the parameters the mistake is, such as `params.page`. */
    path?: string | undefined;
    /** Seconds to wait before another try. */
    retryAfter?: number | undefined;
}
/** How a request ends: with what the API said, or with an error, or with an API's error, which is both. */
interface Outcome {
    response?: UpstreamResponse | undefined;
    error?: WireError | undefined;
}
/** What an answer can do with a request that waits for it. */
interface Course {
    /** Moves it in its line; at 1 it runs. */
    moveTo: (place: number) => void;
    /** Waits; ends early when the request has ended otherwise, such as by `cancel`. */
    wait: (milliseconds: number) => Promise<void>;
}
/** What becomes of a request. Made by `reply`, `fail` and `hold`. */
interface ScriptedAnswer {
    /** Place in line at the start. */
    readonly inQueue: number;
    /** Set where the relay would refuse the request at its door, so that there is never a record of it. */
    readonly isRefusal: boolean;
    /** Goes with a request from the start of its turn to its end. */
    readonly play: (course: Course) => Promise<Outcome>;
}
/** An answer that comes when the test says so. */
interface HeldAnswer extends ScriptedAnswer {
    /** Moves every request that is held to this place in line; at 1 it runs. */
    moveTo: (place: number) => void;
    /**
     * Lets go: every request that is held, or comes later, gets this answer.
     *
     * @throws ClientSecretError `INVALID_PARAMETER` when it was let go before.
     */
    answer: (next: ScriptedAnswer) => void;
}
/**
 * The API answers.
 *
 * @param body An object, a list, a number, a boolean or null becomes JSON, a
 *   string text, a `Uint8Array` bytes; without a body, `data` is null.
 *
 * @example
 * client.on({ url: /images/ }, reply({ data: [{ b64_json }] }, { after: 2_000, inQueue: 3 }))
 * client.on({ url: /chat/ }, reply({ error: { message: 'Incorrect API key provided.' } }, { status: 401 }))
 */
declare function reply(body?: unknown, { status, headers, ...timing }?: ReplyOptions): ScriptedAnswer;
/**
 * The request fails, as it would at the relay: `RATE_LIMITED`, `NETWORK_ERROR`
 * and others that come before there is a record reject the sending; with
 * `inQueue` the request was taken in first, and they end it. `EXPIRED` and
 * `REQUEST_NOT_FOUND` remove the record, `CANCELLED` cancels it.
 *
 * Nothing is repeated: it is what is left after the client's own tries. For an
 * API that answers with an error, use `reply` with its `status`.
 *
 * @example
 * client.on({ url: /images/ }, fail('RATE_LIMITED', { retryAfter: 30 }))
 */
declare function fail(code: ErrorCode, { after, inQueue, message, ...details }?: FailOptions): ScriptedAnswer;
/**
 * The answer comes when the test says so. Until then the request runs, or, with
 * `inQueue`, stands at that place in line.
 *
 * @example
 * const later = hold({ inQueue: 3 })
 * client.on({ url: /images/ }, later)
 * // … send, and look at place 3 …
 * later.moveTo(1)
 * later.answer(reply({ picture: 'otter' }))
 */
declare function hold({ inQueue }?: Pick<Timing, 'inQueue'>): HeldAnswer;

/** Which requests are meant; each field left out matches all. */
interface RequestMatch {
    clientSecretName?: string | undefined;
    /** Exactly as it is sent, or an expression that it matches. `params` are not part of it. */
    url?: string | RegExp | undefined;
    /** In any letter case. */
    method?: Method | Lowercase<Method> | undefined;
    queue?: string | undefined;
}
/** What a request gets: an answer, or a function that makes one from the request. */
type Answering = ScriptedAnswer | ((request: ClientSecretRequest) => ScriptedAnswer);
/** The fields of a request, or a function that looks at all of it. */
type Matcher = RequestMatch | ((request: ClientSecretRequest) => boolean);

/** A client as hooks and provider know it, and what a test says and sees of it. */
interface TestClient extends Client {
    /**
     * Says what becomes of the requests that match. Several answers are taken in
     * turn, and the last again and again. What was said last counts first, so that
     * a test can say otherwise than what all tests share.
     *
     * @param match Fields of the request, those left out match all; or a function that looks at it.
     * @param answers Each a `reply`, a `fail` or a `hold`, or a function that makes one from the request.
     * @returns The client, for the next `on`.
     */
    on: (match: Matcher, ...answers: [Answering, ...Answering[]]) => TestClient;
    /** The requests that were sent, in order, as they travel: checked, the method in capitals, without callbacks. */
    readonly requests: readonly ClientSecretRequest[];
    /** From now on no call reaches the relay: what is sent fails with `NETWORK_ERROR`, polls are tried again and again. */
    disconnect: () => void;
    /** The relay is reached again. Polls find it with their next try. */
    reconnect: () => void;
}
interface TestClientOptions {
    /** Milliseconds that each call to the relay takes, so that a person sees every state. Default 0: no timer. */
    latency?: number | undefined;
    /** Who is signed in, by any id. */
    user?: string | undefined;
}
/**
 * A client for tests and drawings of your own components: without a relay and
 * without a network, it plays what its script says. The provider takes it as its
 * `client`, and the hooks do not know the difference: checks, polling, queues,
 * history and cancelling are those of the real one.
 *
 * It waits with `setTimeout` and `Date` only, and so stands still under fake
 * timers until the test moves them. A request that nothing was said of fails
 * with `INTERNAL`, and the error says how to script it.
 *
 * @example
 * const client = createTestClient().on({ url: /images/ }, reply({ picture: 'otter' }, { after: 2_000, inQueue: 3 }))
 * render(<ClientSecretProvider client={client}><Otter /></ClientSecretProvider>)
 */
declare function createTestClient({ latency, user }?: TestClientOptions): TestClient;

export { createTestClient, fail, hold, reply };
export type { Answering, FailOptions, HeldAnswer, Matcher, ReplyOptions, RequestMatch, ScriptedAnswer, TestClient, TestClientOptions, Timing };
