import { IncomingMessage, ServerResponse } from 'node:http';
import { K as KeyOptions } from './key.js';
export { A as AwsSignature, H as HmacSignature, b as KeyLimits, a as KeyRule, P as Place, S as SecretSource, c as SignOptions, d as SignedPart, T as TokenOptions } from './key.js';
export { C as ClientSecretError, E as ErrorCode, i as isClientSecretError } from './errors.js';
import './request.js';

/** The part of a pino logger that the relay uses. */
interface Logger {
    info(details: object, message: string): void;
    warn(details: object, message: string): void;
    error(details: object, message: string): void;
}

/** A queue of this name, in the relay's option `queues`. All its limits count for all callers and relays together. */
interface QueueOptions {
    /** One queue for all callers. Without it, each caller has a queue of its own. */
    shared: true;
    /** Most calls at once. Default: no limit. One of `maxConcurrency` and `perMinute` is required. */
    maxConcurrency?: number | undefined;
    /** Most calls that begin within any 60 seconds. Default: no limit. */
    perMinute?: number | undefined;
    /** Most unsettled requests: of all callers, of visitors together half as many, of one caller a tenth. Beyond it, the relay refuses requests with `QUEUE_FULL`. Default 10,000. */
    maxWaiting?: number | undefined;
    /** Names of the keys whose requests may use the queue. Default: all. */
    keys?: string[] | undefined;
    /** Callers take turns, one call each. With `false`, requests run in the order of arrival. Default `true`. */
    fair?: boolean | undefined;
}

/** The price of a model, for a million tokens, in the currency of `limits.costPerDay`. */
interface Price {
    /** Of the tokens that the API reads. Cached ones cost as much. */
    input: number;
    /** Of the tokens that the API writes, with those of its reasoning. */
    output: number;
}

/** Limits for callers and for answers of APIs; each a whole number above 0. */
interface RelayLimits {
    /** Largest body of a submit, in bytes. Default 1 MiB. */
    requestBytes?: number | undefined;
    /**
     * Largest upload, in bytes: a body that is neither JSON nor a urlencoded form. Beyond `requestBytes` it passes through
     * the relay as it arrives, to one call, without redirects and repeats. Default 100 MiB.
     */
    uploadBytes?: number | undefined;
    /** Largest answer of an upstream, in bytes, counted after decompression. Default 10 MiB. */
    responseBytes?: number | undefined;
    /** Largest streamed answer to a fetch, in bytes, counted after decompression. Default 1 GiB. */
    downloadBytes?: number | undefined;
    /** Longest time for the whole answer of an upstream, in milliseconds; for a fetch, for the head of the answer. It begins after an upload. Default 300,000. */
    upstreamTimeout?: number | undefined;
    /** Longest silence in an upload, or in the answer to a fetch, in milliseconds. Default 120,000. */
    streamIdleTimeout?: number | undefined;
    /** Longest time for an upload, or for the body of the answer to a fetch, in milliseconds. Default 3,600,000. */
    streamTimeout?: number | undefined;
    /** Most unsettled requests of one caller. Background requests and direct requests count separately, direct ones at each relay. Default 1,000. */
    unsettledPerCaller?: number | undefined;
    /** Most requests of one caller in a minute. Default 600. Visitors count by session, or by address if `trustProxy` is set. */
    requestsPerMinute?: number | undefined;
    /** Most bytes of one caller in a day, sent and received. Default: no limit. */
    bytesPerDay?: number | undefined;
    /**
     * Most tokens of one caller in a day, as the APIs of OpenAI, Anthropic, Gemini and those like them report them.
     * Default: no limit. A call that reports none, such as a stream without its end, counts as the most that it may use.
     */
    tokensPerDay?: number | undefined;
    /** Most that one caller spends on tokens in a day, by the option `prices` and in its currency. Default: no limit. */
    costPerDay?: number | undefined;
    /** Most held polls of one caller, and of all visitors from one address if `trustProxy` is set. Default 100. */
    heldPollsPerCaller?: number | undefined;
    /** Most held polls of all callers; half as many of visitors. The relay answers further polls at once. Default 10,000. */
    heldPolls?: number | undefined;
    /**
     * Most calls that one relay makes at once for requests that run in the background. Callers share them fairly: a free
     * slot goes to the waiting caller with the fewest calls. Default 100.
     */
    backgroundCalls?: number | undefined;
    /**
     * Most bytes in flight for all callers: requests while the relay reads or runs them, and answers until their callers
     * have read them. Visitors share half of it. Beyond the limit, the relay refuses a request with 503 before it reads
     * it, and lets an answer wait at its API. Default 128 MiB, or four times the largest request and answer together, if
     * that is more.
     */
    bytesInFlight?: number | undefined;
    /** Most bytes in flight for one caller. The relay refuses more with 429. Default 32 MiB, or twice the largest request and answer together, if that is more. */
    bytesInFlightPerCaller?: number | undefined;
    /**
     * Most bytes of records in a database in memory. The oldest settled records expire early to make room. If the
     * unsettled ones alone reach the limit, the relay refuses visitors; a quarter beyond it, it refuses all callers.
     * Default 256 MiB.
     */
    bytesInMemory?: number | undefined;
    /** How long a call goes on after its caller has disconnected, in milliseconds: time to reconnect. Default 10,000. */
    disconnectGracePeriod?: number | undefined;
    /** Longest time that a queued request retries while its API answers 429 or 503 with Retry-After, in milliseconds from its first attempt. Default 600,000. */
    maxUpstreamWait?: number | undefined;
}

/**
 * Decides whether a call comes from an administrator: returns true, or the name for
 * the audit list. Returns false or nothing for all other callers.
 */
type IsAdministrator = (request: Request) => boolean | string | null | undefined | Promise<boolean | string | null | undefined>;

/** A signed-in user: your site's id of the user, or an object with that id. */
type Identity = string | {
    id: string;
};
/** Returns the signed-in user, or null. */
type Authenticate = (request: Request) => Identity | null | undefined | Promise<Identity | null | undefined>;

/** The options of `createRelay`, and of the config file of `client-secret-relay`. */
interface RelayOptions {
    /** The keys, by name. Optional if `CLIENT_SECRET_MASTER_KEY` is set: administrators then register keys while the relay runs. */
    keys?: Record<string, KeyOptions> | undefined;
    /** Returns the signed-in user, or null. Required if a key is locked, which is the default. */
    authenticate?: Authenticate | undefined;
    /** Decides who may register keys and read `GET /metrics`: returns true, or the name for the audit list. Default: callers with the header `Authorization: Bearer` and the token in the environment variable `CLIENT_SECRET_ADMIN_TOKEN`. Without a token there is no administrator. */
    administrator?: IsAdministrator | undefined;
    /** Other sites whose pages may use the relay, such as `https://app.example.com`. Pages of the relay's own site always may. */
    origins?: string[] | undefined;
    /**
     * The host names of the relay, such as `api.example.com`. The relay refuses calls with another Host. Default: any.
     * `client-secret-relay serve` on a local address accepts only `localhost` and that address, against pages whose host
     * name points to this machine (DNS rebinding).
     */
    hosts?: string[] | undefined;
    /** Number of your proxies in front of the relay that write `X-Forwarded-For`. Visitors then count by address. Default: none; the relay ignores the header. */
    trustProxy?: number | undefined;
    /** Path of a SQLite file, for one relay; or address of a Postgres, for several, such as `postgres://user:password@host/database`. Default: in memory, lost when the process ends. */
    database?: string | undefined;
    limits?: RelayLimits | undefined;
    /**
     * The prices of models for a million tokens, by the name in the request, for `limits.costPerDay`; in any currency. `'*'`
     * is the price of all other models. Without it, the relay refuses a model that has no price.
     *
     * @example
     * prices: { 'gpt-5-mini': { input: 0.25, output: 2 } }
     */
    prices?: Record<string, Price> | undefined;
    /** Queues that all callers and relays share, by name, such as `{ images: { shared: true, maxConcurrency: 3, perMinute: 60 } }`. A queue without an entry is a queue of each caller. */
    queues?: Record<string, QueueOptions> | undefined;
    /** How long the relay keeps records, in seconds. */
    expires?: {
        /** For requests without `expires`. Default: one day. */
        default?: number | undefined;
        /** For all requests; longer values are rejected. Default: 30 days. */
        max?: number | undefined;
    } | undefined;
    /**
     * Origins of APIs that get the trace of a request, such as `https://api.internal.example.com`: the headers
     * `traceparent` and `tracestate` (W3C), with the relay's own place in the trace. Default: none, because a trace tells
     * an API how its calls belong together.
     */
    traceTo?: string[] | undefined;
    /** How long `close` waits for running requests, in milliseconds. Default 10,000. */
    shutdownTimeout?: number | undefined;
    /** Default: warnings and errors to the console. */
    logger?: Logger | undefined;
}

/** The result of `createRelay`. */
interface Relay {
    /** Answers a call of the client: takes a web-standard Request and returns a Response. Mount it at any path. */
    fetch: (request: Request) => Promise<Response>;
    /** Resolves when the relay has opened its database. Rejects if it cannot; the message says what to do. `fetch` waits for it itself. */
    ready: Promise<void>;
    /** Asks the sources of all keys whose `secret` is a function. A source that fails keeps its last value, and the log says so. */
    refreshSecrets: () => Promise<void>;
    /** Refuses new requests, waits for running ones (`shutdownTimeout`), and closes the database. */
    close: () => Promise<void>;
}
/**
 * Creates a relay. It holds the keys, and calls the APIs that the keys' rules allow.
 *
 * @example
 * const relay = createRelay({
 *   keys: {
 *     openai: {
 *       secret: process.env.OPENAI_API_KEY,
 *       allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST'] }],
 *     },
 *   },
 *   authenticate: async (request) => (await session(request))?.userId ?? null,
 * })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for unsafe options: a key without rules
 *   or secret, the host `*`, a locked key without `authenticate`.
 */
declare function createRelay$1(options: RelayOptions): Relay;

/**
 * A relay as a listener of `node:http`, and as a middleware of Express: `app.use('/relay', nodeListener(relay))`.
 * Mount it before parsers of bodies, which would leave no body for the relay.
 */
declare function nodeListener$1(relay: Relay): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void>;

/** Answers a call: with a web-standard Request, or with an object that has one as `request`. */
type RouteHandler = (given: Request | {
    request: Request;
}) => Promise<Response>;
/** The exports of a route file. */
interface RelayRoute {
    GET: RouteHandler;
    POST: RouteHandler;
    PUT: RouteHandler;
    DELETE: RouteHandler;
    OPTIONS: RouteHandler;
    /** For React Router. */
    loader: RouteHandler;
    /** For React Router. */
    action: RouteHandler;
}
/**
 * A relay as the exports of a route file: of Next.js, Astro, TanStack Start or React Router.
 * It keeps one relay while a dev server reloads the file, as `keepRelay` does.
 *
 * @param name Identifies the relay. Each relay of a process needs its own: two routes with one name are one relay, with
 *   the keys and the `authenticate` of the later one. Default: `relayRoute`.
 *
 * @example
 * export const { GET, POST, PUT, DELETE } = relayRoute({
 *   keys: {
 *     openai: {
 *       secret: process.env.OPENAI_API_KEY,
 *       locked: false,
 *       allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST'] }],
 *     },
 *   },
 *   database: './relay.db',
 * })
 */
declare function relayRoute$1(options: RelayOptions, name?: string): RelayRoute;

/**
 * Creates a relay at the first call, and keeps it while a dev server reloads its
 * module. The running relay takes the new options, and its requests continue. The
 * latest options apply to all returned relays of this name. If database or limits
 * change, `keepRelay` closes the relay and starts a new one.
 *
 * While the options are invalid, each call fails with `UNAVAILABLE`, and the log says
 * what to do.
 *
 * @param name Identifies the relay when its module reloads. Each relay of a process needs its own.
 *
 * @example
 * export const relay = keepRelay('relay', {
 *   keys: {
 *     openai: {
 *       secret: process.env.OPENAI_API_KEY,
 *       locked: false,
 *       allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST'] }],
 *     },
 *   },
 *   database: './relay.db',
 * })
 */
declare function keepRelay$1(name: string, options: RelayOptions): Relay;

declare const createRelay: typeof createRelay$1;
declare const keepRelay: typeof keepRelay$1;
declare const relayRoute: typeof relayRoute$1;
declare const nodeListener: typeof nodeListener$1;

export { KeyOptions, createRelay, keepRelay, nodeListener, relayRoute };
export type { Identity, IsAdministrator, Logger, QueueOptions, Relay, RelayLimits, RelayOptions, RelayRoute, RouteHandler };
