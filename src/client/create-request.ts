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
import type { RequestParams } from './request-params.ts'
import { failed, idle, lookingUp, resolved, sending, stopped, underWay, type RequestState } from './request-state.ts'
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
  /** Who hears of it. Read when there is something to tell. */
  listeners?: Listeners | undefined
  /** Called with every state. */
  onState?: ((state: RequestState) => void) | undefined
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

/** One request, from its beginning to its end. Whoever shows it and whoever waits for it has the same object. */
export interface RequestObject {
  readonly state: RequestState
  /** Milliseconds between polls; 0 while it is polled by hand. */
  readonly interval: number
  /** Sends it, and polls where it says so. Once. */
  send: (signal?: AbortSignal) => Promise<Sent>
  /** Waits for the answer, as one of any number. */
  poll: (options?: { interval?: number | undefined; signal?: AbortSignal | undefined }) => Polling
  /** Ends all polling, until it is resumed. */
  stop: () => void
  /** Begins the polling, or takes it up again. */
  resume: () => void
  /** Ends the polling because nobody is there to see it. */
  pause: () => void
  /** Takes up what was paused, and not what was stopped. */
  unpause: () => void
  cancel: () => Promise<CancelAnswer>
  /** From now on its listeners are told nothing. */
  forget: () => void
}

/** Milliseconds, for a request that was not told how often to poll. */
const defaultInterval = 1_000

export const nothingToCancel: CancelAnswer = { removed: false, message: 'There is no request to cancel.' }

/** What requests of one client share. */
export interface RequestDeps {
  transport: Transport
  poller: Poller
}

export function createRequest({ transport, poller }: RequestDeps, start: RequestStart): RequestObject {
  const { params, listeners = {}, onState } = start
  const isPolled = Number(params?.poll) > 0
  let { seen, record, idempotencyKey } = start
  let interval = start.poll ?? (isPolled ? params!.poll! : 0)
  let state: RequestState = record ? (underWay(record, false) ?? lookingUp) : seen ? lookingUp : idle
  /** Those who wait for the answer. It is polled as long as there are any. */
  const waiters = new Set<(outcome: Answer | PollStopped | ClientSecretError) => void>()
  let unwatch: (() => void) | undefined
  let pauseReason: PauseReason | undefined
  /** Why it is not polled, though it could be. */
  let rest: 'stopped' | 'paused' | undefined
  let isTold = false
  let isForgotten = false
  const submitting = new AbortController()

  function show(next: RequestState | null): void {
    if (!next) return
    state = next
    onState?.(next)
  }

  function update(next: ClientSecretRecord): void {
    record = seen = next
    show(underWay(next, unwatch !== undefined, pauseReason))
    callBack(listeners.onUpdate, next)
  }

  async function settle(settled: ClientSecretRecord): Promise<Answer> {
    unwatch = undefined
    try {
      const answer = await checked(readRecord(settled), listeners.schema)
      end(answer)
      return answer
    } catch (error) {
      throw end(asClientSecretError(error))
    }
  }

  function end<Outcome extends Answer | ClientSecretError>(outcome: Outcome): Outcome {
    unwatch?.()
    unwatch = undefined
    const error = isClientSecretError(outcome) ? outcome : undefined
    const { data, response } = (error ? {} : outcome) as Partial<Answer>
    show(error ? failed(error, record) : resolved(outcome as Answer))
    if (!isTold && !isForgotten) {
      isTold = true
      if (error) callBack(listeners.onError, error)
      else callBack(listeners.onResponse, data, response!)
      callBack(listeners.onSettled, data, error)
    }
    for (const waiter of [...waiters]) waiter(outcome)
    return outcome
  }

  const watcher: Watcher = {
    interval,
    onRecord(next) {
      update(next)
      // Its failure is in the state, and told to the waiters.
      if (isSettled(next)) settle(next).catch(() => {})
    },
    onPause(reason) {
      pauseReason = reason
      if (record) show(underWay(record, true, reason))
    },
    onError: end,
    onStop: () => halt('stopped'),
  }

  function watch(milliseconds: number): void {
    checkPolled(seen?.id, milliseconds)
    watcher.interval = interval = unwatch ? Math.min(interval, milliseconds) : milliseconds
    rest = undefined
    if (unwatch) return
    pauseReason = undefined
    // What has ended does not change: it is asked for as if it were not known.
    unwatch = poller.watch(record && isSettled(record) ? { id: record.id } : seen!, watcher)
    show(record ? underWay(record, true, pauseReason) : lookingUp)
  }

  /** Ends the polling, not the request. */
  function halt(why: 'stopped' | 'paused'): void {
    rest = why
    unwatch?.()
    unwatch = undefined
    for (const waiter of [...waiters]) waiter(pollStopped(seen!.id))
    // On its way to the relay it can only rest once its record is known.
    if (seen) show(why === 'stopped' ? stopped(record) : record ? underWay(record, false) : lookingUp)
  }

  function poll({
    interval: milliseconds = defaultInterval,
    signal,
  }: Parameters<RequestObject['poll']>[0] = {}): Polling {
    let leave = (_outcome: PollStopped | ClientSecretError) => {}
    const polled = new Promise<Answer | PollStopped>((resolve, reject) => {
      let letGo = () => {}
      const waiter = (outcome: Answer | PollStopped | ClientSecretError) => {
        waiters.delete(waiter)
        letGo()
        if (isClientSecretError(outcome)) reject(outcome)
        else resolve(outcome)
      }
      watch(milliseconds)
      waiters.add(waiter)
      leave = (outcome) => {
        if (!waiters.has(waiter)) return
        waiter(outcome)
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
    // Its failure is in the state.
    poll({ interval: interval || defaultInterval }).catch(() => {})
  }

  async function send(signal?: AbortSignal): Promise<Sent> {
    const { onResponse: _onResponse, onError: _onError, ...request } = { ...params } as RequestParams & Listeners
    show(sending)
    const letGo = onAbort(signal, () => {
      submitting.abort()
      if (unwatch) end(pollAborted(record!.id))
    })
    try {
      idempotencyKey ??= randomId()
      update(
        await submit(transport, request as ClientSecretRequest, { idempotencyKey, signal: submitting.signal }).catch(
          (error: unknown) => {
            throw end(asClientSecretError(error))
          },
        ),
      )
      if (isSettled(record!)) return await settle(record!)
      if (request.queue !== undefined && !isPolled) return { record: record! }
      if (!rest) return await poll({ interval })
      halt(rest)
      return pollStopped(record!.id)
    } finally {
      letGo()
    }
  }

  /** Ends a submit that is on its way: the relay knows it by its key, once it has arrived there. */
  async function cancelSubmit(key: string): Promise<CancelAnswer> {
    for (let tries = 0; tries < 5; tries++) {
      try {
        return await transport.cancel(key)
      } catch (error) {
        if (!isGone(error)) throw error
        await sleep(100)
      }
    }
    submitting.abort()
    return { removed: true, message: 'The call to the relay was ended before it had arrived there.' }
  }

  return {
    get state() {
      return state
    },
    get interval() {
      return interval
    },
    send,
    poll,
    resume,

    stop() {
      if (state.isLoading) halt('stopped')
    },

    pause() {
      if (unwatch || (isPolled && state.status === 'sending' && !rest)) halt('paused')
    },

    unpause() {
      if (rest === 'paused') resume()
    },

    async cancel() {
      if (!seen) return state.status === 'sending' ? cancelSubmit(idempotencyKey!) : nothingToCancel
      const answer = await transport.cancel(seen.id)
      // Whoever follows it hears of it by that.
      if (rest !== 'paused') resume()
      return answer
    },

    forget() {
      isForgotten = true
    },
  }
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
