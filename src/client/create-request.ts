import { asClientSecretError, isClientSecretError } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer, type ClientSecretRecord } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import type { Listeners } from './callbacks.ts'
import { cancelByKey } from './cancel-by-key.ts'
import type { ClientCore } from './create-core.ts'
import { onAbort } from './on-abort.ts'
import { pollStopped, type PollStopped } from './poll-stopped.ts'
import { createPoller } from './poller.ts'
import { randomId } from './random-id.ts'
import type { Answer } from './read-record.ts'
import type { ClientSecretRequestParams, RequestParams } from './request-params.ts'
import { createRequestPolling, pollAborted, type PollingOptions, type RequestProgress } from './request-polling.ts'
import { submit } from './submit.ts'
import { warnOfStream } from './warn-of-stream.ts'
import type { RecordVersion } from './transport.ts'
import type { Polling } from './waiters.ts'

/** Parameters to send, or the id of a request that was sent before. */
export interface RequestStart {
  params?: RequestParams | undefined
  /** A request that was sent before. With a version, the first poll waits for a change. */
  seen?: RecordVersion | undefined
  /** The record, if it is known. */
  record?: ClientSecretRecord | undefined
  /** Milliseconds between polls. Default: `poll` of `params`. */
  poll?: number | undefined
  /** Returns the listeners. Called for each event. */
  listeners?: (() => Listeners) | undefined
  /** Called after each change of the request's fields. */
  onChange?: ((request: RequestObject) => void) | undefined
  /** Identifies the request until it has an id, so that it can be cancelled. Default: a random one. */
  idempotencyKey?: string | undefined
  /** Takes the place of the submit, for a request that an earlier page submitted. */
  find?: ((signal: AbortSignal) => Promise<ClientSecretRecord>) | undefined
}

/** Result of `send`: an answer, a record to poll by hand, or a stop. */
export type Sent = Answer | { record: ClientSecretRecord; data?: undefined; response?: undefined } | PollStopped

/** One request, from start to end. All components and promises of a request share the same object. */
export interface RequestObject extends Readonly<RequestProgress> {
  /** Sends the request, and polls if `params` say so. Call it once. */
  send: (signal?: AbortSignal) => Promise<Sent>
  /** Waits for the answer. Any number of polls can wait. */
  poll: (options?: PollingOptions) => Polling
  /** Ends all polling until `resume`. */
  stop: () => void
  /** Starts or continues the polling. */
  resume: () => void
  /** Ends the polling until `unpause`. */
  pause: () => void
  /** Continues a paused request, not a stopped one. */
  unpause: () => void
  cancel: () => Promise<CancelAnswer>
}

export const nothingToCancel: CancelAnswer = { removed: false, message: 'There is no request to cancel.' }

/** One request as an object, with its state and its actions. Hooks and promises use it. */
export function createRequest(
  { transport, shared }: Pick<ClientCore, 'transport' | 'shared'>,
  start: RequestStart,
): RequestObject {
  const poller = (shared.poller ??= createPoller(transport))
  const { params, seen, find, listeners = (): Listeners => ({}), onChange } = start
  let { idempotencyKey } = start
  const submitting = new AbortController()
  const isPolled = Number(params?.poll) > 0
  const progress: RequestProgress = {
    id: seen?.id,
    isSending: false,
    record: start.record,
    isPolling: false,
    interval: start.poll ?? (isPolled ? params!.poll! : 0),
    pauseReason: undefined,
    rest: undefined,
    outcome: undefined,
  }

  function set(change: Partial<RequestProgress>): void {
    Object.assign(progress, change)
    onChange?.(request)
  }

  const { poll, resume, halt, receive, end } = createRequestPolling({
    poller,
    progress,
    set,
    seen,
    listeners,
    responseType: params?.responseType,
  })

  async function send(signal?: AbortSignal): Promise<Sent> {
    const {
      onResponse: _onResponse,
      onError: _onError,
      responseType: _responseType,
      ...sent
    } = { ...params } as ClientSecretRequestParams
    warnOfStream(sent.data)
    set({ isSending: true })
    const letGo = onAbort(signal, () => {
      submitting.abort()
      if (progress.isPolling) end(pollAborted(progress.id!))
    })
    try {
      idempotencyKey ??= randomId()
      const { signal } = submitting
      const request = sent as ClientSecretRequest
      const record = await (find?.(signal) ?? submit(transport, request, { idempotencyKey, signal }))
      shared.listeners.forEach((listen) => listen({ request, ...record }))
      await receive(record)
      const { rest, interval, outcome } = progress
      if (!outcome && !isSettled(record)) {
        if (sent.queue !== undefined && !isPolled) return { record }
        if (!rest) return await poll({ interval })
        halt(rest)
        return pollStopped(record.id)
      }
    } catch (error) {
      if (!progress.outcome) end(asClientSecretError(error))
    } finally {
      letGo()
    }
    if (isClientSecretError(progress.outcome)) throw progress.outcome
    return progress.outcome!
  }

  async function cancel(): Promise<CancelAnswer> {
    const { id, isSending } = progress
    if (id === undefined) return isSending ? cancelByKey(transport, idempotencyKey!, submitting) : nothingToCancel
    const answer = await transport.cancel(id)
    // A poll brings the cancelled record.
    if (progress.rest !== 'paused') resume()
    return answer
  }

  const request: RequestObject = Object.assign(progress, {
    send,
    poll,
    resume,
    cancel,
    stop() {
      if (!progress.outcome && (progress.id !== undefined || progress.isSending)) halt('stopped')
    },
    pause() {
      const { isPolling, isSending, rest } = progress
      if (isPolling || (isPolled && isSending && !rest)) halt('paused')
    },
    unpause() {
      if (progress.rest === 'paused') resume()
    },
  })
  return request
}
