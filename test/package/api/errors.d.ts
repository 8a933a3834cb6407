/**
 * Every error this package makes, in one table: the code, the HTTP status the
 * relay answers it with (0: it never travels, it arises in the client), and
 * what it means. The sentence for the developer is written where the error is
 * made, because only there is it known what happened; what to do about it, at
 * length, is in README, one heading for each code.
 */
declare const errorStatus: {
    /** A parameter has the wrong shape. `path` names it. */
    readonly INVALID_PARAMETER: 400;
    /** `$CLIENT_SECRET` stands in no value of url, headers, params or data. */
    readonly PLACEHOLDER_MISSING: 400;
    /** The relay knows no key of this name. */
    readonly KEY_NOT_FOUND: 404;
    /** The key is locked and nobody is signed in. */
    readonly SIGN_IN_REQUIRED: 401;
    /** The key's rules do not allow this url, method or place. */
    readonly NOT_ALLOWED: 403;
    /** The page that asks is not of an origin the relay serves. */
    readonly ORIGIN_NOT_ALLOWED: 403;
    /** There is no such record, or it belongs to somebody else. */
    readonly REQUEST_NOT_FOUND: 404;
    /** The record was removed because its `expires` has passed. */
    readonly EXPIRED: 410;
    /** The request was cancelled before it had an answer. */
    readonly CANCELLED: 409;
    /** The caller has too many requests waiting already. */
    readonly QUEUE_FULL: 429;
    /** The caller sends too many requests. */
    readonly RATE_LIMITED: 429;
    /** The body sent to the relay is over its limit. */
    readonly REQUEST_TOO_LARGE: 413;
    /** The upstream's answer is over the relay's limit. */
    readonly RESPONSE_TOO_LARGE: 502;
    /** The relay could not get the token that the API wants in place of the secret. */
    readonly TOKEN_FAILED: 502;
    /** The upstream answered with a status of 400 or more; its body is in `data`. */
    readonly UPSTREAM_ERROR: 502;
    /** The upstream did not answer in time. */
    readonly UPSTREAM_TIMEOUT: 504;
    /** The upstream could not be reached, or broke off in the middle. */
    readonly UPSTREAM_UNREACHABLE: 502;
    /** The relay stopped while the request ran; the upstream may have acted. */
    readonly INTERRUPTED: 500;
    /** An answer does not have the shape it was said to have. */
    readonly INVALID_RESPONSE: 502;
    /** The relay is stopping, or a part that it needs is away; try again. */
    readonly UNAVAILABLE: 503;
    /** Something unforeseen; the relay's log knows more under `requestId`. */
    readonly INTERNAL: 500;
    /** The relay could not be reached. */
    readonly NETWORK_ERROR: 0;
    /** A component sent the same request again and again. */
    readonly SEND_LOOP: 0;
    /** The caller's `signal` was aborted. */
    readonly ABORTED: 0;
};
/** What went wrong, in a word for programs. The page Errors has the cause and the remedy of each. */
type ErrorCode = keyof typeof errorStatus;
/** What an error says beside its code and its message. */
interface ClientSecretErrorDetails {
    /** HTTP status; default: the code's own, from the table. */
    status?: number | undefined;
    /** Where in the parameters, such as `params.page` or `data#/model`. */
    path?: string | undefined;
    /** The upstream's error body, parsed. */
    data?: unknown;
    /** Id of the record, or of the log line for an unforeseen error. */
    requestId?: string | undefined;
    /** Seconds to wait before another try. */
    retryAfter?: number | undefined;
    cause?: unknown;
}
declare const marker: unique symbol;
/** The one error class of this package. `isClientSecretError` recognises it. Its message is a sentence for the developer. */
declare class ClientSecretError extends Error {
    readonly name = "ClientSecretError";
    readonly code: ErrorCode;
    /** The address of what explains the code. */
    readonly help: string;
    /** HTTP status: the upstream's for `UPSTREAM_ERROR`, else the relay's; 0 where no answer came. */
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
