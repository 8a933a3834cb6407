export { clientSecretErrorOf } from '../client/client-secret-error-of.ts'
export { createStream } from '../client/create-stream.ts'
export { deltaText } from '../client/delta-text.ts'
export { createClient } from '../client/create-client.ts'
export { isPollStopped } from '../client/poll-stopped.ts'
export { ClientSecretError, isClientSecretError } from '../protocol/errors.ts'
export { isSettled } from '../protocol/record.ts'
export type {
  Client,
  ClientSecretRequestFunction,
  FollowOptions,
  ReadOptions,
  RequestOptions,
  SendOptions,
} from '../client/create-client.ts'
export type { ClientCore, ClientOptions } from '../client/create-core.ts'
export type { RequestObject, RequestStart, Sent } from '../client/create-request.ts'
export type { PollingOptions, RequestProgress } from '../client/request-polling.ts'
export type { Polling } from '../client/waiters.ts'
export type { ClientSecretName, ClientSecretUrl, KeyAndUrl, Register } from '../client/registered-keys.ts'
export type {
  ClientSecretRequestParams,
  RawData,
  RequestData,
  RequestDetails,
  RequestFields,
  RequestParams,
} from '../client/request-params.ts'
export type { StreamObject, StreamParams, StreamStart, StreamState, StreamStatus } from '../client/create-stream.ts'
export type { StreamOptions, StreamResponse } from '../client/stream-content.ts'
export type { StreamEvent } from '../client/stream-events.ts'
export type { FetchWith, FetchWithOptions } from '../client/fetch-with.ts'
export type { PauseReason } from '../client/page-visibility.ts'
export type { StandardSchema } from '../client/standard-schema.ts'
export type { Callbacks, Listeners } from '../client/callbacks.ts'
export type { PollOptions, PollPromise, QueuedRequest } from '../client/queued-request.ts'
export type { PollStopped } from '../client/poll-stopped.ts'
export type { Answer, ApiResponse, ParsedResponse, ResponseType } from '../client/read-record.ts'
export type { RelayTransportOptions } from '../client/relay-transport.ts'
export type { RecordVersion, Transport } from '../client/transport.ts'
export type { ClientSecretErrorDetails, ErrorCode } from '../protocol/errors.ts'
export type {
  CancelAnswer,
  ClientSecretRecord,
  HistoryFilter,
  HistoryPage,
  PollAnswer,
  QueueCount,
  RecordStatus,
  UpstreamResponse,
  WireError,
} from '../protocol/record.ts'
export type {
  ClientSecretRequest,
  FormArrays,
  JsonObject,
  Method,
  ParamValue,
  RequestBody,
} from '../protocol/request.ts'
