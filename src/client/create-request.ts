import { asClientSecretError, ClientSecretError, isClientSecretError, isGone } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer, type ClientSecretRecord } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { callBack, type Listeners } from './callbacks.ts'
import { onAbort } from './on-abort.ts'
import type { PauseReason } from './page.ts'
import { pollStopped, type PollStopped } from './poll-stopped.ts'
import type { Poller, Watcher } from './poller.ts'
import { randomId } from './random-id.ts'
import { readRecord, type Answer } from './read-record.ts'
import type { ClientSecretRequestParams, RequestParams } from './request-params.ts'
import { sleep } from './retry.ts'
import { checked } from './standard-schema.ts'
import { submit } from './submit.ts'
import type { Seen, Transport } from './transport.ts'

/** What a request is made of: parameters to send, or an id under which it was sent. */
export interface RequestStart {
  params?: RequestParams | undefined
  /** One that was sent before. With a version, only what differs from it is news. */
  seen?: Seen | undefined
  /** What is known of it already. */
  record?: ClientSecretRecord | undefined
  /** Milliseconds between polls. Default: that of `params`. */
  poll?: number | undefined
  /** Who hears of it; asked when there is something to tell. */
  listeners?: (() => Listeners) | undefined
  /** Called when something about it has changed. */
  onChange?: ((request: RequestObject) => void) | undefined
  /** The request is known by it before it has an id, so that it can be cancelled. Default: a random one. */
  idempotencyKey?: string | undefined
}

/** What `send` gives: an answer, a record that waits for somebody to poll it, or a stop. */
export type Sent = Answer | { record: ClientSecretRecord; data?: undefined; response?: undefined } | PollStopped

/** A poll by hand. */
export interface Polling extends Promise<Answer | PollStopped> {
  /** Ends this poll, and with the last one all polling; the request itself goes on. */
  stop: () => void
}

/** How one of those who wait polls. */
interface PollingOptions {
  /** Milliseconds. Default 1,000. */
  interval?: number | undefined
  signal?: AbortSignal | undefined
}

/** One request, from its beginning to its end. Whoever shows it and whoever waits for it has the same object. */
export interface RequestObject {
  /** On its way to the relay, and no record of it yet. */
  readonly isSending: boolean
  /** What the relay knows of it. */
  readonly record: ClientSecretRecord | undefined
  readonly isPolling: boolean
  /** Milliseconds between polls; 0 while it is polled by hand. */
  readonly interval: number
  /** Why the polling rests: nobody looks at the page, or it has no network. */
  readonly pauseReason: PauseReason | undefined
  /** Why nobody polls: it was stopped, or paused because nobody is there to see it. */
  readonly rest: 'stopped' | 'paused' | undefined
  /** How it ended. */
  readonly outcome: Answer | ClientSecretError | undefined
  /** Sends it, and polls where it says so. Once. */
  send: (signal?: AbortSignal) => Promise<Sent>
  /** Waits for the answer, as one of any number. */
  poll: (options?: PollingOptions) => Polling
  /** Ends all polling, until it is resumed. */
  stop: () => void
  /** Begins the polling, or takes it up again. */
  resume: () => void
  /** Ends the polling because nobody is there to see it. */
  pause: () => void
  /** Takes up what was paused, and not what was stopped. */
  unpause: () => void
  cancel: () => Promise<CancelAnswer>
}

/** Milliseconds, for a request that was not told how often to poll. */
const defaultInterval = 1_000

export const nothingToCancel: CancelAnswer = { removed: false, message: 'There is no request to cancel.' }

/** What requests of one client share. */
export interface RequestDeps {
  transport: Transport
  poller: Poller
}

export function createRequest(deps: RequestDeps, start: RequestStart): RequestObject {
  const { transport, poller } = deps
  const { params, listeners = (): Listeners => ({}), onChange } = start
  const isPolled = Number(params?.poll) > 0
  let { seen, record, idempotencyKey } = start
  let interval = start.poll ?? (isPolled ? params!.poll! : 0)
  let isSending = false
  let unwatch: (() => void) | undefined
  let pauseReason: PauseReason | undefined
  let rest: RequestObject['rest']
  let outcome: RequestObject['outcome']
  /** Those who wait for the answer. It is polled as long as there are any. */
  const waiters = new Set<(outcome: Answer | PollStopped | ClientSecretError) => void>()
  let isTold = false
  const submitting = new AbortController()

  function changed(): void {
    onChange?.(request)
  }

  function update(next: ClientSecretRecord): void {
    record = seen = next
    isSending = false
    changed()
    callBack(listeners().onUpdate, next)
  }

  /** Reads the answer of a settled record. Its failure is an outcome too. */
  async function settle(): Promise<void> {
    unwatch = undefined
    try {
      end(await checked(readRecord(record!, params?.responseType ?? listeners().responseType), listeners().schema))
    } catch (error) {
      end(asClientSecretError(error))
    }
  }

  function end(ended: Answer | ClientSecretError): void {
    unwatch?.()
    unwatch = undefined
    isSending = false
    outcome = ended
    changed()
    const [answer, error] = isClientSecretError(ended) ? [undefined, ended] : [ended, undefined]
    if (!isTold) {
      isTold = true
      const { onResponse, onError, onSettled } = listeners()
      if (answer) callBack(onResponse, answer.data, answer.response)
      else callBack(onError, error)
      callBack(onSettled, answer?.data, error)
    }
    for (const waiter of [...waiters]) waiter(ended)
  }

  const watcher: Watcher = {
    interval,
    onRecord(next) {
      update(next)
      if (isSettled(next)) void settle()
    },
    onPause(reason) {
      pauseReason = reason
      changed()
    },
    onError: end,
    onStop: () => halt('stopped'),
  }

  function watch(milliseconds: number): void {
    checkPolled(seen?.id, milliseconds)
    watcher.interval = interval = unwatch ? Math.min(interval, milliseconds) : milliseconds
    rest = pauseReason = undefined
    // What has ended does not change: it is asked for as if it were not known.
    unwatch ??= poller.watch(record && isSettled(record) ? { id: record.id } : seen!, watcher)
    changed()
  }

  /** Ends the polling, not the request. On its way to the relay it rests once its record is known. */
  function halt(why: 'stopped' | 'paused'): void {
    rest = why
    unwatch?.()
    unwatch = undefined
    for (const waiter of [...waiters]) waiter(pollStopped(seen!.id))
    changed()
  }

  function poll({ interval: milliseconds = defaultInterval, signal }: PollingOptions = {}): Polling {
    let leave = (_outcome: PollStopped | ClientSecretError) => {}
    const polled = new Promise<Answer | PollStopped>((resolve, reject) => {
      let letGo = () => {}
      const waiter = (result: Answer | PollStopped | ClientSecretError) => {
        waiters.delete(waiter)
        letGo()
        if (isClientSecretError(result)) reject(result)
        else resolve(result)
      }
      watch(milliseconds)
      waiters.add(waiter)
      leave = (result) => {
        if (!waiters.has(waiter)) return
        waiter(result)
        if (waiters.size === 0) halt('stopped')
      }
      letGo = onAbort(signal, () => leave(pollAborted(seen!.id)))
    })
    return Object.assign(polled, { stop: () => leave(pollStopped(seen!.id)) })
  }

  function resume(): void {
    rest = undefined
    if (!seen || unwatch || (record && isSettled(record))) return
    isTold = false
    outcome = undefined
    // Its failure is its outcome.
    poll({ interval: interval || defaultInterval }).catch(() => {})
  }

  async function send(signal?: AbortSignal): Promise<Sent> {
    const {
      onResponse: _onResponse,
      onError: _onError,
      responseType: _responseType,
      ...sent
    } = { ...params } as ClientSecretRequestParams
    isSending = true
    changed()
    const letGo = onAbort(signal, () => {
      submitting.abort()
      if (unwatch) end(pollAborted(record!.id))
    })
    try {
      idempotencyKey ??= randomId()
      update(await submit(transport, sent as ClientSecretRequest, { idempotencyKey, signal: submitting.signal }))
      if (isSettled(record!)) await settle()
      else if (sent.queue !== undefined && !isPolled) return { record: record! }
      else if (!rest) return await poll({ interval })
      else return (halt(rest), pollStopped(record!.id))
    } catch (error) {
      if (!outcome) end(asClientSecretError(error))
    } finally {
      letGo()
    }
    if (isClientSecretError(outcome)) throw outcome
    return outcome!
  }

  async function cancel(): Promise<CancelAnswer> {
    if (seen) {
      const answer = await transport.cancel(seen.id)
      // Whoever follows it hears of it by that.
      if (rest !== 'paused') resume()
      return answer
    }
    if (!isSending) return nothingToCancel
    // The relay knows it by its key, once it has arrived there.
    for (let tries = 0; tries < 5; tries++) {
      try {
        return await transport.cancel(idempotencyKey!)
      } catch (error) {
        if (!isGone(error)) throw error
        await sleep(100)
      }
    }
    submitting.abort()
    return { removed: true, message: 'The call to the relay was ended before it had arrived there.' }
  }

  const request: RequestObject = {
    get isSending() {
      return isSending
    },
    get record() {
      return record
    },
    get isPolling() {
      return unwatch !== undefined
    },
    get interval() {
      return interval
    },
    get pauseReason() {
      return pauseReason
    },
    get rest() {
      return rest
    },
    get outcome() {
      return outcome
    },
    send,
    poll,
    resume,
    cancel,
    stop() {
      if (!outcome && (seen || isSending)) halt('stopped')
    },
    pause() {
      if (unwatch || (isPolled && isSending && !rest)) halt('paused')
    },
    unpause() {
      if (rest === 'paused') resume()
    },
  }
  return request
}

function pollAborted(id: string): ClientSecretError {
  return new ClientSecretError('ABORTED', 'The polling was aborted by its signal. The request itself goes on.', {
    requestId: id,
  })
}

function checkPolled(id: unknown, interval: number): void {
  const refuse = (path: string, problem: string) => {
    throw new ClientSecretError('INVALID_PARAMETER', `${path} must be ${problem}.`, { path })
  }
  // What stands between ids on the wire cannot stand in one.
  if (typeof id !== 'string' || !/^[^,:\s]+$/.test(id)) refuse('id', `the id of a request; it is ${String(id)}`)
  if (!(interval >= 0 && interval < Infinity))
    refuse('interval', `a number of milliseconds, 0 or more; it is ${interval}`)
}
