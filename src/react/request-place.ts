import { unstable_serialize as serialize } from 'swr'
import { callBack, type Listeners } from '../client/callbacks.ts'
import type { ClientCore } from '../client/create-core.ts'
import { nothingToCancel, type RequestObject, type RequestStart } from '../client/create-request.ts'
import { answerOf, unlessHeard } from '../client/queued-request.ts'
import type { RequestParams } from '../client/request-params.ts'
import { ClientSecretError, isGone } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer } from '../protocol/record.ts'
import type { Keeper } from './kept-requests.ts'
import { idle, refused, stateOf, type RequestState } from './request-state.ts'
import type { Stored } from './stored.ts'

/** The same request at one place within a second. No person gets there; an effect that runs for each state does at once. */
const maxSendsPerSecond = 20

/** A place in the tree at which a request is shown: the one sent last. Those before go on beside it, and are told of. */
export interface RequestPlace {
  stored: Stored<RequestState>
  send: (params: RequestParams, listeners: () => Listeners) => Promise<unknown>
  stop: () => void
  resume: () => void
  cancel: () => Promise<CancelAnswer>
  reset: () => void
  /** A component shows the place, until the returned function is called; it resolves to whether another one still does. */
  attach: (listeners: () => Listeners, keeper: Keeper | null) => () => Promise<boolean>
}

/** @param recordId A request that was sent elsewhere; it is looked up when the place is first shown. */
export function createRequestPlace(client: ClientCore, stored: Stored<RequestState>, recordId?: string): RequestPlace {
  let shown: RequestObject | undefined
  /** Those under way. */
  const live = new Set<RequestObject>()
  /** Counts the resets: what was sent before the last one is told to nobody. */
  let resets = 0
  let attached = 0
  let keeper: Keeper | null = null
  /** The request sent last, and when it was. */
  let lastSent = ''
  let sentAt: number[] = []

  function show({ listeners, ...start }: RequestStart): RequestObject {
    const born = resets
    return (shown = client.createRequest({
      ...start,
      listeners: () => (born === resets && listeners?.()) || {},
      onChange(request) {
        if (request.outcome) live.delete(request)
        else live.add(request)
        if (shown === request) write(request)
      },
    }))
  }

  function write(request: RequestObject): void {
    const { record, interval, outcome } = request
    const state = stateOf(request)
    if (state) stored.write(state)
    // Of what is gone, a reload need not ask again.
    if (isGone(outcome)) keeper?.write(null)
    else if (record) keeper?.write({ record, poll: interval })
  }

  function isLoop(params: RequestParams): boolean {
    const now = Date.now()
    const sent = serialize(params)
    sentAt = sent === lastSent ? sentAt.filter((time) => time > now - 1_000) : []
    lastSent = sent
    return sentAt.push(now) > maxSendsPerSecond
  }

  /** Shows why nothing was sent. Once, because a new state would run the effect again. */
  function refuse(listeners: Listeners): Promise<never> {
    const error = new ClientSecretError(
      'SEND_LOOP',
      `The same request was sent ${maxSendsPerSecond} times within a second, as by an effect that runs for each state of it. Let the effect depend on send, which stays the same: const { send } = useClientSecretRequest(…).`,
    )
    shown = undefined
    if (stored.read().error?.code !== error.code) {
      stored.write(refused(error))
      callBack(listeners.onError, error)
      callBack(listeners.onSettled, undefined, error)
    }
    return unlessHeard(Promise.reject(error), listeners)
  }

  /** Finds what was kept over a reload. */
  function restore(listeners: () => Listeners): void {
    const kept = keeper?.read()
    if (!kept) return
    const { record, poll } = kept
    const seen = { id: record.id }
    // What had ended before the reload is shown again, but told to nobody a second time.
    if (isSettled(record)) {
      const asBefore = () => ({ schema: listeners().schema, responseType: listeners().responseType })
      show({ seen, listeners: asBefore }).resume()
    } else if (poll > 0) show({ seen, record, poll, listeners }).resume()
    // Polled by hand, and nobody has its promise any more.
    else write(show({ seen, record, listeners }))
  }

  return {
    stored,

    send(params, listeners) {
      if (isLoop(params)) return refuse(listeners())
      keeper?.prepare()
      keeper?.write(null)
      return answerOf(show({ params, listeners }), listeners())
    },

    stop: () => shown?.stop(),

    resume() {
      if (attached > 0) shown?.resume()
    },

    cancel: async () => shown?.cancel() ?? nothingToCancel,

    reset() {
      resets += 1
      shown = undefined
      for (const request of live) request.stop()
      live.clear()
      keeper?.write(null)
      stored.write(idle)
    },

    attach(listeners, ownKeeper) {
      const detach = stored.attach()
      attached += 1
      keeper = ownKeeper ?? keeper
      for (const request of live) request.unpause()
      if (!shown && stored.read() === idle) {
        if (recordId === undefined) restore(listeners)
        else show({ seen: { id: recordId }, listeners }).resume()
      }
      return async () => {
        attached -= 1
        detach()
        // StrictMode and Fast Refresh take a component off the page and put it back at once.
        await Promise.resolve()
        if (attached > 0) return true
        for (const request of live) request.pause()
        return false
      }
    },
  }
}
