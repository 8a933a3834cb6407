export { createClient } from '../client/create-client.ts'
export { isPollStopped } from '../client/follow.ts'
export { ClientSecretError, isClientSecretError } from '../protocol/errors.ts'
export { isSettled } from '../protocol/record.ts'
export type {
  Client,
  ClientOptions,
  ClientSecretRequestFunction,
  ClientSecretRequestParams,
  RequestOptions,
  RequestParams,
  SendOptions,
  Sent,
} from '../client/create-client.ts'
export type { Callbacks } from '../client/callbacks.ts'
export type { PollOptions, PollPromise, QueuedRequest } from '../client/queued-request.ts'
export type { FollowOptions, PollStopped } from '../client/follow.ts'
export type { Answer, ApiResponse } from '../client/read-record.ts'
export type { RelayTransportOptions } from '../client/relay-transport.ts'
export type { Seen, Transport } from '../client/transport.ts'
export type { ClientSecretErrorDetails, ErrorCode } from '../protocol/errors.ts'
export type { ClientSecretRecord, PollAnswer, RecordStatus, UpstreamResponse, WireError } from '../protocol/record.ts'
export type { ClientSecretRequest, JsonObject, Method, ParamValue } from '../protocol/request.ts'
