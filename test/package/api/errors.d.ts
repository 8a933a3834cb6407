/**
 * All error codes, with the HTTP status of the relay's answer (0: an error of the
 * client). README has a heading with cause and remedy for each. Not part of
 * `errors.ts`, so that pages load no table.
 */
declare const errorStatus: {
    /** A parameter has the wrong shape. `path` names it. */
    readonly INVALID_PARAMETER: 400;
    /** No value in url, headers, params or data contains `$CLIENT_SECRET`. */
    readonly PLACEHOLDER_MISSING: 400;
    /** The relay knows no key of this name. */
    readonly KEY_NOT_FOUND: 404;
    /** The key is locked, and no user is signed in. */
    readonly SIGN_IN_REQUIRED: 401;
    /** The key's rules do not allow this url, method or place. */
    readonly NOT_ALLOWED: 403;
    /** The relay does not serve the page's origin. */
    readonly ORIGIN_NOT_ALLOWED: 403;
    /** The record does not exist, or it belongs to another caller. */
    readonly REQUEST_NOT_FOUND: 404;
    /** The record was removed because its `expires` has passed. */
    readonly EXPIRED: 410;
    /** The request was cancelled before it had an answer. */
    readonly CANCELLED: 409;
    /** The caller, the key or the shared queue has too many requests waiting already. */
    readonly QUEUE_FULL: 429;
    /** The caller sends too many requests. */
    readonly RATE_LIMITED: 429;
    /** The body sent to the relay is over its limit. */
    readonly REQUEST_TOO_LARGE: 413;
    /** The upstream's answer is over the relay's limit. */
    readonly RESPONSE_TOO_LARGE: 502;
    /** The relay could not get the token that the API needs in place of the secret. */
    readonly TOKEN_FAILED: 502;
    /** The upstream answered with a status of 400 or more; its body is in `data`. */
    readonly UPSTREAM_ERROR: 502;
    /** The upstream did not answer in time. */
    readonly UPSTREAM_TIMEOUT: 504;
    /** The relay cannot reach the upstream, or the connection broke. */
    readonly UPSTREAM_UNREACHABLE: 502;
    /** The relay stopped while the request ran; the upstream may have acted. */
    readonly INTERRUPTED: 500;
    /** An answer does not match its schema or content type. */
    readonly INVALID_RESPONSE: 502;
    /** The relay is stopping, or a part of it is unavailable. */
    readonly UNAVAILABLE: 503;
    /** An unexpected error; see `requestId` in the relay's log. */
    readonly INTERNAL: 500;
    /** The client cannot reach the relay. */
    readonly NETWORK_ERROR: 0;
    /** A component sends the same request in a loop. */
    readonly SEND_LOOP: 0;
    /** The caller's `signal` was aborted. */
    readonly ABORTED: 0;
};
/** Why a call failed. The page Errors has the cause and the remedy of each code. */
type ErrorCode = keyof typeof errorStatus;

/** The fields of an error besides code and message. */
interface ClientSecretErrorDetails {
    /** HTTP status. Default 0. */
    status?: number | undefined;
    /** Where in the parameters, such as `params.page` or `data#/model`. */
    path?: string | undefined;
    /** The upstream's error body, parsed. */
    data?: unknown;
    /** Id of the record, or of the log entry for an unexpected error. */
    requestId?: string | undefined;
    /** Seconds to wait before another try. */
    retryAfter?: number | undefined;
    cause?: unknown;
}
declare const marker: unique symbol;
/** The error class of this package; `isClientSecretError` recognises it. Its message is for developers. */
declare class ClientSecretError extends Error {
    readonly name = "ClientSecretError";
    readonly code: ErrorCode;
    /** Address of the code's explanation. */
    readonly help: string;
    /** HTTP status: the API's for `UPSTREAM_ERROR`, else that of the relay's answer; 0 without an answer. */
    readonly status: number;
    /** Where in the parameters, such as `params.page`. */
    readonly path: string | undefined;
    /** The upstream's error body, parsed. */
    readonly data: unknown;
    readonly requestId: string | undefined;
    /** Seconds to wait before another try. */
    readonly retryAfter: number | undefined;
    constructor(code: ErrorCode, message: string, details?: ClientSecretErrorDetails);
    get [marker](): true;
}
/** True for errors of this package, also for those of another copy of it. */
declare function isClientSecretError(value: unknown): value is ClientSecretError;

export { ClientSecretError as C, isClientSecretError as i };
export type { ErrorCode as E, ClientSecretErrorDetails as a };
