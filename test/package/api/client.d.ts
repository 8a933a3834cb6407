import { C as ClientSecretError } from './errors.js';
export { a as ClientSecretErrorDetails, E as ErrorCode, i as isClientSecretError } from './errors.js';
export { g as Answer, A as ApiResponse, h as Callbacks, C as Client, b as ClientCore, i as ClientOptions, j as ClientSecretRequestFunction, e as ClientSecretRequestParams, F as FetchWith, k as FetchWithOptions, l as FollowOptions, L as Listeners, P as ParsedResponse, a as PauseReason, m as PollOptions, n as PollPromise, f as PollStopped, o as Polling, p as PollingOptions, Q as QueuedRequest, q as ReadOptions, r as RequestData, s as RequestFields, d as RequestObject, t as RequestOptions, R as RequestParams, u as RequestProgress, c as RequestStart, v as ResponseType, w as SendOptions, x as Sent, S as StandardSchema, y as createClient, z as isPollStopped } from './create-client.js';
export { a as CancelAnswer, C as ClientSecretRecord, H as HistoryFilter, b as HistoryPage, P as PollAnswer, Q as QueueCount, R as RecordStatus, c as RecordVersion, T as Transport, U as UpstreamResponse, W as WireError, i as isSettled } from './transport.js';
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

export { ClientSecretError, clientSecretErrorOf };
