import { C as ClientSecretError } from './errors.js';
export { a as ClientSecretErrorDetails, E as ErrorCode, i as isClientSecretError } from './errors.js';
export { h as Answer, A as ApiResponse, i as Callbacks, C as Client, c as ClientCore, j as ClientOptions, k as ClientSecretRequestFunction, f as ClientSecretRequestParams, F as FetchWith, l as FetchWithOptions, m as FollowOptions, L as Listeners, P as ParsedResponse, b as PauseReason, n as PollOptions, o as PollPromise, g as PollStopped, p as Polling, q as PollingOptions, Q as QueuedRequest, r as ReadOptions, R as RelayTransportOptions, s as RequestData, t as RequestFields, e as RequestObject, u as RequestOptions, a as RequestParams, v as RequestProgress, d as RequestStart, w as ResponseType, x as SendOptions, y as Sent, S as StandardSchema, z as createClient, B as isPollStopped } from './create-client.js';
export { a as CancelAnswer, C as ClientSecretRecord, H as HistoryFilter, b as HistoryPage, P as PollAnswer, Q as QueueCount, R as RecordStatus, c as RecordVersion, T as Transport, U as UpstreamResponse, W as WireError, i as isSettled } from './transport.js';
export { C as ClientSecretRequest, F as FormArrays, J as JsonObject, M as Method, P as ParamValue, R as RequestBody } from './request.js';

/**
 * Returns the error with which the relay refused a call of an SDK. Finds it in the SDK's error, or in a Response of
 * `fetchWith`. Undefined if the relay did not refuse the call, such as for an error of the API itself.
 *
 * @example
 * const isSignInRequired = (thrown: unknown) => clientSecretErrorOf(thrown)?.code === 'SIGN_IN_REQUIRED'
 */
declare function clientSecretErrorOf(thrownOrResponse: unknown): ClientSecretError | undefined;

export { ClientSecretError, clientSecretErrorOf };
