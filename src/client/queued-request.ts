import type { ClientSecretRecord, RecordStatus } from '../protocol/record.ts'
import { callBack, tellError, type Callbacks } from './callbacks.ts'
import { isPollStopped, type FollowOptions, type PollStopped } from './follow.ts'
import type { Answer } from './read-record.ts'
import type { Seen } from './transport.ts'

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

/** `callbacks` are those of the request; each poll may bring its own beside them. */
export function queuedRequest(
  record: ClientSecretRecord,
  callbacks: Callbacks,
  follow: (seen: Seen, options: FollowOptions) => Promise<Answer | PollStopped>,
): QueuedRequest {
  return {
    id: record.id,
    status: record.status,
    queueName: record.queueName ?? '',
    inQueue: record.inQueue ?? 0,
    poll({ interval, signal, ...own } = {}) {
      const stopping = new AbortController()
      // Without the version, so that the first answer tells how things stand.
      const polled = follow({ id: record.id }, { interval, signal, stopSignal: stopping.signal }).then((answer) => {
        if (isPollStopped(answer)) return answer
        for (const { onResponse } of [callbacks, own]) callBack(onResponse, answer.data, answer.response)
        return answer.data
      })
      // That this poll was aborted is no end of the request, and told to this poll only.
      return Object.assign(
        tellError(polled, (error) => (error.code === 'ABORTED' ? [own] : [callbacks, own])),
        { stop: () => stopping.abort() },
      )
    },
  }
}
