import type { ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord, RecordStatus } from '../protocol/record.ts'
import { callBack, type Callbacks, type Listeners } from './callbacks.ts'
import type { RequestObject } from './create-request.ts'
import { isPollStopped, type PollStopped } from './poll-stopped.ts'

/** Result of a request with a `queue` and no `poll`. */
export interface QueuedRequest<Data = unknown> {
  id: string
  status: RecordStatus
  queueName: string
  /** Position in the queue: 1 is next, or running. */
  inQueue: number
  /** Starts polling by hand. */
  poll: (options?: PollOptions<Data>) => PollPromise<Data>
}

/** Options and callbacks of one poll. */
export interface PollOptions<Data = unknown> extends Callbacks<Data> {
  /** Milliseconds; upper bound on the age of the record. Default 1,000. */
  interval?: number | undefined
  /** Aborting it ends the polling with `ABORTED`. */
  signal?: AbortSignal | undefined
}

/** The API's answer, or `{ id, status: 'stopped' }` after `stop()`. */
export interface PollPromise<Data = unknown> extends Promise<Data | PollStopped> {
  /** Stops the polling. The request goes on and can be polled again. */
  stop: () => void
}

/** Sends a request, for a promise of `clientSecretRequest`. */
export function answerOf(request: RequestObject, listeners: Listeners, signal?: AbortSignal): Promise<unknown> {
  const answer = request.send(signal).then((sent) => {
    if (isPollStopped(sent)) return sent
    return sent.response ? sent.data : queuedRequest(request, sent.record, listeners)
  })
  return handled(answer, listeners)
}

/** Each poll has callbacks of its own, besides those of the request. */
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
      return Object.assign(handled(answer, onError ? { onError } : listeners), { stop: polling.stop })
    },
  }
}

/** With a callback for its failure, a promise may go without `await`. */
export function handled<Value>(answer: Promise<Value>, { onError, onSettled }: Listeners = {}): Promise<Value> {
  if (onError ?? onSettled) answer.catch(() => {})
  return answer
}
