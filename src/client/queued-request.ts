import type { ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord, RecordStatus } from '../protocol/record.ts'
import { callBack, type Callbacks, type Listeners } from './callbacks.ts'
import type { RequestObject } from './create-request.ts'
import { isPollStopped, type PollStopped } from './poll-stopped.ts'

/** What a request with a `queue` and no `poll` gives at once. */
export interface QueuedRequest<Data = unknown> {
  id: string
  status: RecordStatus
  queueName: string
  /** Place in line: 1 is next, or running. */
  inQueue: number
  /** Starts polling by hand. */
  poll: (options?: PollOptions<Data>) => PollPromise<Data>
}

/** How a queued request is polled by hand, and who hears of it. */
export interface PollOptions<Data = unknown> extends Callbacks<Data> {
  /** Milliseconds; an upper bound on how late the answer is seen. Default 1,000. */
  interval?: number | undefined
  /** Aborting it ends the polling with `ABORTED`. */
  signal?: AbortSignal | undefined
}

/** The API's answer, or `{ id, status: 'stopped' }` after `stop()`. */
export interface PollPromise<Data = unknown> extends Promise<Data | PollStopped> {
  /** Stops the polling; the request itself goes on and can be polled again. */
  stop: () => void
}

/** Sends a request; gives what a promise of `clientSecretRequest` gives. Who hears of a failure by a callback need not await it. */
export function answerOf(request: RequestObject, listeners: Listeners, signal?: AbortSignal): Promise<unknown> {
  const answer = request.send(signal).then((sent) => {
    if (isPollStopped(sent)) return sent
    return sent.response ? sent.data : queuedRequest(request, sent.record, listeners)
  })
  if (isHeard(listeners)) answer.catch(() => {})
  return answer
}

/** Each poll may bring callbacks of its own beside those of the request, and tells them of it alone that it was aborted. */
function queuedRequest(request: RequestObject, record: ClientSecretRecord, listeners: Listeners): QueuedRequest {
  return {
    id: record.id,
    status: record.status,
    queueName: record.queueName ?? '',
    inQueue: record.inQueue ?? 0,
    poll({ onResponse, onError, ...options } = {}) {
      const polling = request.poll(options)
      const answer = polling.then(
        (outcome) => {
          if (isPollStopped(outcome)) return outcome
          callBack(onResponse, outcome.data, outcome.response)
          return outcome.data
        },
        (error: ClientSecretError) => {
          callBack(onError, error)
          throw error
        },
      )
      if (onError || isHeard(listeners)) answer.catch(() => {})
      return Object.assign(answer, { stop: polling.stop })
    },
  }
}

function isHeard({ onError, onSettled }: Listeners = {}): boolean {
  return Boolean(onError ?? onSettled)
}
