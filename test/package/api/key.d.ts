import { M as Method } from './request.js';

/** A part of the call that an HMAC covers. */
type SignedPart = 'method' | 'path' | 'query' | 'body' | `headers.${string}`;
/**
 * Signatures of AWS, and of compatible services such as S3 storage. For S3, the relay signs plain calls only: it rejects
 * query parameters and headers that change the operation, such as `acl` and `x-amz-copy-source`.
 */
interface AwsSignature {
    aws: 'sigv4';
    accessKeyId: string;
    /** Default: from the host. */
    service?: string | undefined;
    /** Default: from the host. */
    region?: string | undefined;
}
/** An HMAC of parts of the call, for APIs such as Binance. */
interface HmacSignature {
    hmac: 'sha256' | 'sha384' | 'sha512';
    /** The signed parts, joined without a separator. The query excludes the parameter for the signature. */
    over: SignedPart[];
    /** Default: `hex`. */
    encoding?: 'hex' | 'base64' | undefined;
    /** For a key with several values: the name of the signing value. Its placeholder becomes the signature; the others become their values. */
    value?: string | undefined;
}
/** For an API that needs a signature of each call. `$CLIENT_SECRET` becomes the signature, and the secret stays in the relay. */
type SignOptions = AwsSignature | HmacSignature;

/** A place in a request for a secret. */
type Place = `headers.${string}` | `params.${string}` | `data#/${string}` | 'url.path';
/** An https url, or another text; `satisfies` keeps the type of what is written. */
type RuleUrl = `https://${string}` | (string & {});
/** A destination that a key allows. The relay refuses everything else. */
interface KeyRule {
    /**
     * The destination of the secret. Scheme, host and port must match exactly. `*` matches one segment of the path,
     * `*:verb` one that ends with this verb, as APIs of Google have it, `**` at the end the rest of the path, and `*.`
     * before a host one label. A segment may contain the placeholder: `https://api.telegram.org/bot$CLIENT_SECRET/*`.
     */
    url: RuleUrl;
    /** Any letter case. */
    methods: (Method | Lowercase<Method>)[];
    /** The places in the request. Default: `['headers.authorization']`, or `['url.path']` if the url of the rule contains the placeholder. */
    in?: Place[] | undefined;
    /**
     * Instead of `in`, for a key with several values: the places of each value, by its name. A value without a name here
     * has no place.
     * `{ id: ['headers.x-app-id'], key: ['headers.x-api-key'] }`
     */
    inEach?: Record<string, Place[]> | undefined;
    /** Allows `http:` and addresses of this machine and network too. Default: false. */
    allowPrivateNetwork?: boolean | undefined;
    /** The relay may repeat an interrupted POST or PATCH. Default: false. */
    retryable?: boolean | undefined;
    /** Streams answers to a fetch also for secrets in `params` or `data#`, which APIs may show. Secrets in other places always stream. Default: false. */
    stream?: boolean | undefined;
}

declare const grants: readonly ["client_credentials", "jwt-bearer", "login"];
declare const auths: readonly ["basic", "body", "bearer"];
declare const algorithms: readonly ["RS256", "ES256"];
/** For an API that needs a token made from the secret. The relay gets, caches and renews the token. */
interface TokenOptions {
    /**
     * The kind of exchange. `client_credentials` is OAuth's, for a client secret. `jwt-bearer` signs a JWT with a private
     * key, for service accounts, Apple and GitHub Apps. `login` posts `body` as JSON.
     */
    grant: (typeof grants)[number];
    /** The address of the exchange. Without it, the JWT of `jwt-bearer` is the token itself. */
    url?: string | undefined;
    /** The id of the client; with `jwt-bearer`, the `iss` of the JWT. */
    clientId?: string | undefined;
    scope?: string | undefined;
    /** Default with `jwt-bearer`: `url`. */
    audience?: string | undefined;
    /** With `jwt-bearer`: the `sub` of the JWT. */
    subject?: string | undefined;
    /** With `jwt-bearer`: the `kid` of the key. */
    keyId?: string | undefined;
    /**
     * Where the exchange sends the secret or the JWT: as Basic, in the body, or as Bearer. Default: `basic` with
     * `client_credentials`, `body` with `jwt-bearer`.
     */
    auth?: (typeof auths)[number] | undefined;
    /** With `jwt-bearer`. Default `RS256`. */
    algorithm?: (typeof algorithms)[number] | undefined;
    /** Lifetime of a token in seconds, if the answer does not say it; with `jwt-bearer`, also of the JWT. Default: 300. */
    expiresIn?: number | undefined;
    /** With `login`: the fields of the JSON. `$CLIENT_SECRET` in a field becomes the secret. */
    body?: Record<string, string> | undefined;
    /** The field of the answer that contains the token. Default: `access_token`, or else `token`. */
    field?: string | undefined;
    /** Allows `http:` and addresses of this machine and network too. Default: false. */
    allowPrivateNetwork?: boolean | undefined;
}

/** Gives the current value of a secret. */
type SecretSource = () => string | Promise<string>;
/** A key in the options. */
interface KeyOptions {
    /**
     * The value. Default: the environment variable `CLIENT_SECRET_<NAME>`, the name in capitals with `_` for each
     * character that is not a letter or digit. For an API with several values, an object such as `{ id, key }`; requests
     * then write `$CLIENT_SECRET.id` and `$CLIENT_SECRET.key`. A function is a source, such as a vault: the relay asks
     * it at its start, every `refreshEvery` seconds, after a 401 of the API, and at `refreshSecrets`. If it fails, the
     * relay goes on with the last value.
     */
    secret?: string | Record<string, string | undefined> | SecretSource | undefined;
    /** Seconds between two questions to a source, 1 or more. Default 300. */
    refreshEvery?: number | undefined;
    /**
     * The beginning of every value of this API, such as `acme_live_`. The prefix itself is public: only the rest counts
     * as secret. The relay removes every word with this prefix from answers. Default: none; the relay knows the prefixes
     * of common APIs.
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
    /** Limits of the key, for all callers together. */
    limits?: KeyLimits | undefined;
}
/** Limits of a key, for all callers together. The relay refuses more with `RATE_LIMITED` or `QUEUE_FULL`. */
interface KeyLimits {
    /** Default: no limit. */
    requestsPerMinute?: number | undefined;
    /** Most unsettled requests. Default: no limit. */
    unsettled?: number | undefined;
    /** Bytes of requests and answers. Default: no limit. */
    bytesPerDay?: number | undefined;
}

export type { AwsSignature as A, HmacSignature as H, KeyOptions as K, Place as P, SecretSource as S, TokenOptions as T, KeyRule as a, KeyLimits as b, SignOptions as c, SignedPart as d };
