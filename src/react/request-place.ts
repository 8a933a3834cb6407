import type { Listeners } from '../client/callbacks.ts'
import type { ClientCore } from '../client/create-core.ts'
import { nothingToCancel, type RequestObject, type RequestStart } from '../client/create-request.ts'
import { answerOf } from '../client/queued-request.ts'
import type { RequestParams } from '../client/request-params.ts'
import { isGone } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer } from '../protocol/record.ts'
import type { Keeper } from './kept-requests.ts'
import { idle, stateOf, type RequestState } from './request-state.ts'
import type { Stored } from './stored.ts'

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

  /** Finds what was kept over a reload. */
  function restore(listeners: () => Listeners): void {
    const kept = keeper?.read()
    if (!kept) return
    const { record, poll } = kept
    const seen = { id: record.id }
    // What had ended before the reload is shown again, but told to nobody a second time.
    if (isSettled(record)) show({ seen, listeners: () => ({ schema: listeners().schema }) }).resume()
    else if (poll > 0) show({ seen, record, poll, listeners }).resume()
    // Polled by hand, and nobody has its promise any more.
    else write(show({ seen, record, listeners }))
  }

  return {
    stored,

    send(params, listeners) {
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
      if (!shown) {
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
