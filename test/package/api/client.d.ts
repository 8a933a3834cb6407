import { C as ClientSecretError } from './errors.js';
export { a as ClientSecretErrorDetails, E as ErrorCode, i as isClientSecretError } from './errors.js';
export { d as Answer, A as ApiResponse, e as Callbacks, C as Client, f as ClientCore, g as ClientOptions, h as ClientSecretRequestFunction, b as ClientSecretRequestParams, F as FetchWith, i as FetchWithOptions, j as FollowOptions, L as Listeners, P as PauseReason, k as PollOptions, l as PollPromise, c as PollStopped, m as Polling, Q as QueuedRequest, n as ReadOptions, R as RelayTransportOptions, o as RequestObject, p as RequestOptions, a as RequestParams, q as RequestStart, r as SendOptions, s as Sent, S as StandardSchema, t as createClient, u as isPollStopped } from './create-client.js';
export { a as CancelAnswer, C as ClientSecretRecord, H as HistoryFilter, b as HistoryPage, P as Persistence, c as PollAnswer, Q as QueueCount, R as RecordStatus, S as Seen, T as Transport, U as UpstreamResponse, W as WireError, i as isSettled } from './transport.js';
export { C as ClientSecretRequest, J as JsonObject, M as Method, P as ParamValue } from './request.js';

/**
 * Why the relay refused a call of an SDK: looks through what the SDK threw, or at a Response of `fetchWith`. Undefined
 * where the relay refused nothing, such as for an answer of the API itself.
 *
 * @example
 * catch (thrown) {
 *   if (clientSecretErrorOf(thrown)?.code === 'SIGN_IN_REQUIRED') showSignIn()
 * }
 */
declare function clientSecretErrorOf(thrownOrResponse: unknown): ClientSecretError | undefined;

export { ClientSecretError, clientSecretErrorOf };
