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
  /** What the relay knows of the request. */
  record: ClientSecretRecord | undefined
  /** True from `send` until it is settled or stopped. */
  isLoading: boolean
  /** True while the client polls for the answer. */
  isPolling: boolean
  /** Why the polling rests: nobody looks at the page, or it has no network. */
  pauseReason: PauseReason | undefined
  /** Place in line while it waits in a queue: 1 is next, or running. */
  inQueue: number | undefined
}

type With<Fields> = Omit<Nothing, keyof Fields> & Fields

/** What is known of a request that is not under way. */
interface AtRest {
  isLoading: false
  isPolling: false
  pauseReason: undefined
}

/** The state of one request: narrowing on `status` narrows `data` and `error`. */
export type RequestState<Data = unknown> =
  /** Nothing was sent, or it was reset. */
  | With<AtRest & { status: 'idle'; record: undefined; inQueue: undefined }>
  /** On its way to the relay; a direct request is here until its answer comes. */
  | With<{ status: 'sending'; record: undefined; isLoading: true; isPolling: boolean; inQueue: undefined }>
  /** `pending`: waits in a queue. `running`: the relay is calling the API. */
  | With<{ status: 'pending' | 'running'; record: ClientSecretRecord; isLoading: true }>
  | With<
      AtRest & { status: 'resolved'; data: Data; response: ApiResponse; record: ClientSecretRecord; inQueue: undefined }
    >
  | With<AtRest & { status: 'failed' | 'cancelled'; error: ClientSecretError; inQueue: undefined }>
  /** Nobody follows it any more; the request itself goes on, and can be resumed. */
  | With<AtRest & { status: 'stopped' }>

/** Where the request of a hook stands. */
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

/** A request that was not sent. */
export function refused(error: ClientSecretError): RequestState {
  return { ...nothing, status: 'failed', error }
}

/** Where a request stands; null while its answer is read, when what was shown before stays. */
export function stateOf({
  outcome,
  record,
  rest,
  isSending,
  isPolling,
  pauseReason,
}: RequestObject): RequestState | null {
  if (isClientSecretError(outcome))
    return { ...nothing, status: outcome.code === 'CANCELLED' ? 'cancelled' : 'failed', error: outcome, record }
  if (outcome) return { ...nothing, ...outcome, status: 'resolved' }
  if (record && isSettled(record)) return null
  const inQueue = record?.inQueue
  if (rest === 'stopped' && !isSending) return { ...nothing, status: 'stopped', record, inQueue }
  const underWay = { ...nothing, isLoading: true, isPolling, pauseReason } as const
  if (record) return { ...underWay, status: record.status as 'pending' | 'running', record, inQueue }
  return { ...underWay, status: 'sending', pauseReason: undefined }
}
