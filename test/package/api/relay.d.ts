import { Method } from './client.js';
export { C as ClientSecretError, E as ErrorCode, i as isClientSecretError } from './errors.js';

/** The part of a pino logger that the relay uses. */
interface Logger {
    info(details: object, message: string): void;
    warn(details: object, message: string): void;
    error(details: object, message: string): void;
}

/** How much a caller may ask for, and how much an API may answer; each a whole number above 0. */
interface RelayLimits {
    /** Largest body of a submit, in bytes. Default 1 MiB. */
    requestBytes?: number | undefined;
    /** Largest answer of an upstream, in bytes, counted after decompression. Default 10 MiB. */
    responseBytes?: number | undefined;
    /** Longest time an upstream may take for its whole answer, in milliseconds. Default 300,000. */
    upstreamTimeout?: number | undefined;
    /** Most unsettled requests of one caller: those that run in the background, and apart from them, at each relay, those whose answer is waited for. Default 1,000. */
    unsettledPerCaller?: number | undefined;
    /** Most requests of one caller in a minute. Default 600. A visitor is counted by session, or by address where `trustProxy` is set. */
    requestsPerMinute?: number | undefined;
    /** Most bytes of one caller in a day, sent and received. Default: no limit. */
    bytesPerDay?: number | undefined;
    /** Most polls of one caller that are held at once; of visitors also of one address, where `trustProxy` is set. Default 100. */
    heldPollsPerCaller?: number | undefined;
    /** Most polls that are held at once, of all callers; of visitors half as many. One more is answered at once. Default 10,000. */
    heldPolls?: number | undefined;
    /**
     * Most bytes that are under way at once, of all callers: requests that are read or run, answers that are gathered,
     * and answers until their callers have read them. Visitors together have half of it. Over it, a request is refused
     * with 503 before it is read, and an answer waits at its API. Default 128 MiB, or four times what the largest
     * request and answer take together, if that is more.
     */
    bytesInFlight?: number | undefined;
    /** The same of one caller, refused with 429. Default 32 MiB, or twice what the largest request and answer take, if that is more. */
    bytesInFlightPerCaller?: number | undefined;
    /**
     * Most bytes of records that a database in memory keeps: the oldest that have settled make room for new ones, as if
     * their time were over. Where unsettled ones alone are as much, visitors are refused, and from a quarter more on
     * everybody. Default 256 MiB.
     */
    bytesInMemory?: number | undefined;
    /** How long the caller of a direct request may be gone before its call is ended, in milliseconds: time to come back over a broken connection. Default 10,000. */
    disconnectGracePeriod?: number | undefined;
    /** How long a queued request waits at most, in milliseconds from its first attempt on, while its API answers 429 or 503 and names a time to come again. Default 600,000. */
    maxUpstreamWait?: number | undefined;
}

/**
 * Says whether a call comes from whoever runs the relay: true, or the name under
 * which what they do is written down; false, or nothing, for everybody else.
 */
type IsAdministrator = (request: Request) => boolean | string | null | undefined | Promise<boolean | string | null | undefined>;

/** Who is asking: the id by which your site knows a signed-in user. */
type Identity = string | {
    id: string;
};
/** Finds who is signed in; null for nobody. */
type Authenticate = (request: Request) => Identity | null | undefined | Promise<Identity | null | undefined>;

/** Where in a request a secret may be put. */
type Place = `headers.${string}` | `params.${string}` | `data#/${string}` | 'url.path';
/** One way a key may be used. What no rule allows is refused. */
interface KeyRule {
    /**
     * Where the secret may go. Scheme, host and port are compared exactly; `*` is
     * one segment of the path, a last `**` the rest of it, and `*.` before a host
     * one label. A segment may hold the placeholder: `https://api.telegram.org/bot$CLIENT_SECRET/*`.
     */
    url: string;
    /** Any letter case. */
    methods: (Method | Lowercase<Method>)[];
    /** In which places of the request. Default: `['headers.authorization']`, or `['url.path']` where the url of the rule holds the placeholder. */
    in?: Place[] | undefined;
    /**
     * In place of `in`, for a key of several values: the places of each, by its name. One that is not named has none.
     * `{ id: ['headers.x-app-id'], key: ['headers.x-api-key'] }`
     */
    inEach?: Record<string, Place[]> | undefined;
    /** Also `http:` and addresses of this machine and network. Default: false. */
    allowPrivateNetwork?: boolean | undefined;
    /** A POST or PATCH that was interrupted may be sent again. Default: false. */
    retryable?: boolean | undefined;
}

/** What is signed with HMAC, in the order in which it is joined. */
type SignedPart = 'method' | 'path' | 'query' | 'body' | `headers.${string}`;
/** AWS, and what takes its signatures, such as S3-compatible storage. */
interface AwsSignature {
    aws: 'sigv4';
    accessKeyId: string;
    /** Default: as the host says. */
    service?: string | undefined;
    /** Default: as the host says. */
    region?: string | undefined;
}
/** An HMAC of parts of the call, as Binance and its like want it. */
interface HmacSignature {
    hmac: 'sha256' | 'sha384' | 'sha512';
    /** The parts, joined without anything between them. The query is without the parameter that becomes the signature. */
    over: SignedPart[];
    /** Default: `hex`. */
    encoding?: 'hex' | 'base64' | undefined;
    /** Of a key of several values: the name of the one that is signed with. It stands for the signature; the others for themselves. */
    value?: string | undefined;
}
/** For an API that wants a signature of each call: `$CLIENT_SECRET` becomes the signature, and the secret is not sent. */
type SignOptions = AwsSignature | HmacSignature;

declare const grants: readonly ["client_credentials", "jwt-bearer", "login"];
declare const auths: readonly ["basic", "body", "bearer"];
declare const algorithms: readonly ["RS256", "ES256"];
/** For an API that wants a token which is made from the secret. The relay gets it, keeps it and renews it. */
interface TokenOptions {
    /**
     * How: `client_credentials` is OAuth's, for a client secret. `jwt-bearer` signs with a private key, as service
     * accounts, Apple and GitHub Apps want it. `login` posts `body` as JSON.
     */
    grant: (typeof grants)[number];
    /** Where. Left out with `jwt-bearer`, what is signed is the token itself. */
    url?: string | undefined;
    /** Of the client; with `jwt-bearer` the `iss` of what is signed. */
    clientId?: string | undefined;
    scope?: string | undefined;
    /** Default with `jwt-bearer`: `url`. */
    audience?: string | undefined;
    /** With `jwt-bearer`: the `sub` of what is signed. */
    subject?: string | undefined;
    /** With `jwt-bearer`: the `kid` of the key. */
    keyId?: string | undefined;
    /**
     * How the secret, or what is signed with it, is sent: as Basic, in the body, or as Bearer. Default: `basic` with
     * `client_credentials`, `body` with `jwt-bearer`.
     */
    auth?: (typeof auths)[number] | undefined;
    /** With `jwt-bearer`. Default `RS256`. */
    algorithm?: (typeof algorithms)[number] | undefined;
    /** Seconds that a token is good for where the answer does not say; with `jwt-bearer`, also what is signed. Default: 300. */
    expiresIn?: number | undefined;
    /** With `login`: the fields of the JSON; `$CLIENT_SECRET` in one becomes the secret. */
    body?: Record<string, string> | undefined;
    /** Name of the answer's field that is the token. Default: `access_token`, or else `token`. */
    field?: string | undefined;
    /** Also `http:` and addresses of this machine and network. Default: false. */
    allowPrivateNetwork?: boolean | undefined;
}

/** A key, as the configuration gives it. */
interface KeyOptions {
    /**
     * The value. Default: the environment variable `CLIENT_SECRET_<NAME>`, the name in capitals with `_` for what is no
     * letter or digit. Of an API that wants several, each by a name: `{ id, key }`, which requests write as
     * `$CLIENT_SECRET.id` and `$CLIENT_SECRET.key`.
     */
    secret?: string | Record<string, string | undefined> | undefined;
    /**
     * What every value of this API begins with, such as `acme_live_`, and so no secret: whatever in an answer begins
     * with it is taken out, and only what stands behind it counts as secret. Default: none; the relay knows those of
     * the common APIs.
     */
    publicPrefix?: string | undefined;
    /** The API wants a token that is made from the secret: OAuth's, a signed JWT, or one that a login gives. */
    token?: TokenOptions | undefined;
    /** The API wants a signature of each call, made with the secret: `$CLIENT_SECRET` becomes the signature. */
    sign?: SignOptions | undefined;
    /** Only for signed-in users. Default: true. */
    locked?: boolean | undefined;
    /** Where the secret may go. At least one rule. */
    allow: KeyRule[];
    /** How much the key may be used, by all callers together. */
    limits?: KeyLimits | undefined;
}
/** How much a key may be used, by all callers together; what is more is refused with `RATE_LIMITED` or `QUEUE_FULL`. */
interface KeyLimits {
    /** Default: no limit. */
    requestsPerMinute?: number | undefined;
    /** Most unsettled requests. Default: no limit. */
    unsettled?: number | undefined;
    /** Bytes of requests and answers. Default: no limit. */
    bytesPerDay?: number | undefined;
}

/** The options of `createRelay`, and of the config that `client-secret-relay` reads. */
interface RelayOptions {
    /** The keys, by name. May be left out where they are registered while the relay runs, which `CLIENT_SECRET_MASTER_KEY` makes possible. */
    keys?: Record<string, KeyOptions> | undefined;
    /** Who is signed in, or null. Required when a key is locked, as keys are by default. */
    authenticate?: Authenticate | undefined;
    /** Who may register keys and read `GET /metrics`: true, or the name under which what they do is written down. Default: whoever sends `Authorization: Bearer` with the token in the environment variable `CLIENT_SECRET_ADMIN_TOKEN`; without one, nobody. */
    administrator?: IsAdministrator | undefined;
    /** Other sites whose pages may use the relay, such as `https://app.example.com`. The relay's own site always may. */
    origins?: string[] | undefined;
    /**
     * The names under which the relay is reached, such as `api.example.com`; a call with another Host is refused.
     * Default: any. `client-secret-relay serve` on an address of this machine takes `localhost` and that address,
     * so that a page whose name was made to point to this machine cannot use the relay.
     */
    hosts?: string[] | undefined;
    /** How many proxies of yours stand before the relay and write `X-Forwarded-For`. Visitors are then counted by address. Default: none, and the header is not read. */
    trustProxy?: number | undefined;
    /** Path of a SQLite file, for one relay; or the address of a Postgres that several share, such as `postgres://user:password@host/database`. Default: in memory, gone with the process. */
    database?: string | undefined;
    limits?: RelayLimits | undefined;
    /** How long records are kept, in seconds. */
    expires?: {
        /** Of requests that do not say. Default: one day. */
        default?: number | undefined;
        /** Of any request; a longer wish is refused. Default: 30 days. */
        max?: number | undefined;
    } | undefined;
    /** How long `close` waits for what runs, in milliseconds. Default 10,000. */
    shutdownTimeout?: number | undefined;
    /** Default: warnings and errors to the console. */
    logger?: Logger | undefined;
}

/** What `createRelay` makes. */
interface Relay {
    /** Answers a call of the client. Mount it at any path: `fetch` takes a web-standard Request and gives a Response. */
    fetch: (request: Request) => Promise<Response>;
    /** Resolves when the relay has opened its database; rejects with a sentence when it cannot. `fetch` waits for it by itself. */
    ready: Promise<void>;
    /** Takes no more requests, waits for those that run (`shutdownTimeout`), and closes the database. */
    close: () => Promise<void>;
}
/**
 * Makes a relay: it holds the keys, and calls the APIs that its rules allow.
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
 * @throws ClientSecretError `INVALID_PARAMETER` when it would run unsafely: no
 *   rules, no secret, a host of `*`, a locked key that nobody can unlock.
 */
declare function createRelay$1(options: RelayOptions): Relay;

/**
 * Makes a relay when it is first asked, and keeps it while a dev server loads its
 * module anew: the relay that runs takes the new options, and what it is doing goes
 * on. The options that were given last count, whichever of the relays is asked.
 * Where they name another database or other limits, the relay is closed first, and
 * another one takes its place.
 *
 * While the options are such that no relay starts, each call is answered with
 * `UNAVAILABLE`, and the log has the sentence that says what to do.
 *
 * @param name By which it is recognised when the module is loaded anew. Each relay of a process has its own.
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

export { createRelay, keepRelay };
export type { AwsSignature, HmacSignature, Identity, IsAdministrator, KeyLimits, KeyOptions, KeyRule, Logger, Place, Relay, RelayLimits, RelayOptions, SignOptions, SignedPart, TokenOptions };
