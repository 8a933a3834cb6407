import type { RequestObject } from '../client/create-request.ts'
import type { PauseReason } from '../client/page-visibility.ts'
import type { ApiResponse } from '../client/read-record.ts'
import { isClientSecretError, type ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type ClientSecretRecord } from '../protocol/record.ts'

interface Nothing {
  /** The API's response body, once `status` is `resolved`. */
  data: undefined
  /** The API's response: status, headers and the exact body. */
  response: undefined
  /** Why it failed, once `status` is `failed` or `cancelled`. */
  error: undefined
  /** The relay's record of the request. */
  record: ClientSecretRecord | undefined
  /** True from `send` until the request is settled or stopped. */
  isLoading: boolean
  /** True while the client polls for the answer. */
  isPolling: boolean
  /** Why the polling pauses: the page is hidden, or offline. */
  pauseReason: PauseReason | undefined
  /** Position in the queue: 1 is next, or running. */
  inQueue: number | undefined
}

type With<Fields> = Omit<Nothing, keyof Fields> & Fields

/** Fields of a request without polling. */
interface AtRest {
  isLoading: false
  isPolling: false
  pauseReason: undefined
}

/** The state of one request: narrowing on `status` narrows `data` and `error`. */
export type RequestState<Data = unknown> =
  /** Before `send`, or after `reset`. */
  | With<AtRest & { status: 'idle'; record: undefined; inQueue: undefined }>
  /** On its way to the relay. A direct request stays here until its answer arrives. */
  | With<{ status: 'sending'; record: undefined; isLoading: true; isPolling: boolean; inQueue: undefined }>
  /** `pending`: in a queue. `running`: the relay calls the API. */
  | With<{ status: 'pending' | 'running'; record: ClientSecretRecord; isLoading: true }>
  | With<
      AtRest & { status: 'resolved'; data: Data; response: ApiResponse; record: ClientSecretRecord; inQueue: undefined }
    >
  | With<AtRest & { status: 'failed' | 'cancelled'; error: ClientSecretError; inQueue: undefined }>
  /** Without polling. The request goes on, and `resume` continues the polling. */
  | With<AtRest & { status: 'stopped' }>

/** The status of a hook's request. */
export type RequestStatus = RequestState['status']

const nothing = {
  data: undefined,
  response: undefined,
  error: undefined,
  record: undefined,
  isLoading: false,
  isPolling: false,
  pauseReason: undefined,
  inQueue: undefined,
} as const

export const idle: RequestState<never> = { ...nothing, status: 'idle' }

export function failed(error: ClientSecretError, record?: ClientSecretRecord): RequestState {
  return { ...nothing, status: error.code === 'CANCELLED' ? 'cancelled' : 'failed', error, record }
}

/** The state of a request. Null while its answer is read: the state before stays. */
export function stateOf(request: RequestObject): RequestState | null {
  const { outcome, record, rest, isSending, isPolling, pauseReason } = request
  if (isClientSecretError(outcome)) return failed(outcome, record)
  if (outcome) return { ...nothing, ...outcome, status: 'resolved' }
  if (record && isSettled(record)) return null
  const inQueue = record?.inQueue
  if (rest === 'stopped' && !isSending) return { ...nothing, status: 'stopped', record, inQueue }
  const underWay = { ...nothing, isLoading: true, isPolling } as const
  if (!record) return { ...underWay, status: 'sending' }
  return { ...underWay, status: record.status as 'pending' | 'running', record, inQueue, pauseReason }
}
