import type { Listeners } from '../client/callbacks.ts'
import type { Client } from '../client/create-client.ts'
import { nothingToCancel, type RequestObject, type RequestStart } from '../client/create-request.ts'
import type { KeptRequest } from '../client/kept-requests.ts'
import { answerOf } from '../client/queued-request.ts'
import type { RequestParams } from '../client/request-params.ts'
import { idle, type RequestState } from '../client/request-state.ts'
import { isGone } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer } from '../protocol/record.ts'
import type { Stored } from './stored.ts'

/** Keeps a request over a reload. */
export interface Keeper {
  /** Before a request is sent. */
  prepare: () => void
  read: () => KeptRequest | null
  write: (kept: KeptRequest | null) => void
}

/** A place in the tree at which a request is shown: the one sent last. Those before go on beside it, and are told of. */
export interface RequestPlace {
  stored: Stored<RequestState>
  send: (params: RequestParams, listeners: Listeners) => Promise<unknown>
  stop: () => void
  resume: () => void
  cancel: () => Promise<CancelAnswer>
  reset: () => void
  /** A component shows the place, until the returned function is called. */
  attach: (listeners: Listeners, keeper: Keeper | null) => () => void
  isAttached: () => boolean
}

/** @param recordId A request that was sent elsewhere; it is looked up when the place is first shown. */
export function createRequestPlace(client: Client, stored: Stored<RequestState>, recordId?: string): RequestPlace {
  let shown: RequestObject | undefined
  /** Those under way. */
  const live = new Set<RequestObject>()
  let attached = 0
  let keeper: Keeper | null = null

  function show(start: RequestStart): RequestObject {
    const request = client.createRequest({
      ...start,
      onState(state) {
        if (state.isLoading) live.add(request)
        else live.delete(request)
        if (shown !== request) return
        stored.write(state)
        // Of what is gone, a reload need not ask again.
        if (isGone(state.error)) keeper?.write(null)
        else if (state.record) keeper?.write({ record: state.record, poll: request.interval })
      },
    })
    shown = request
    return request
  }

  /** Finds what was kept over a reload. */
  function restore(listeners: Listeners): void {
    const kept = keeper?.read()
    if (!kept) return
    const { record, poll } = kept
    const seen = { id: record.id }
    // What had ended before the reload is shown again, but told to nobody a second time.
    if (isSettled(record)) show({ seen, listeners: { schema: listeners.schema } }).resume()
    else if (poll > 0) show({ seen, record, poll, listeners }).resume()
    // It is polled by hand, and nobody has its promise any more.
    else stored.write(show({ seen, record, listeners }).state)
  }

  return {
    stored,

    send(params, listeners) {
      keeper?.prepare()
      keeper?.write(null)
      return answerOf(show({ params, listeners }), listeners)
    },

    stop: () => shown?.stop(),

    resume() {
      if (attached > 0) shown?.resume()
    },

    cancel: async () => shown?.cancel() ?? nothingToCancel,

    reset() {
      const forgotten = shown ? [...live, shown] : live
      shown = undefined
      for (const request of forgotten) {
        request.forget()
        request.stop()
      }
      keeper?.write(null)
      stored.write(idle)
    },

    isAttached: () => attached > 0,

    attach(listeners, ownKeeper) {
      const detach = stored.attach()
      attached += 1
      keeper = ownKeeper ?? keeper
      for (const request of live) request.unpause()
      if (!shown) {
        if (recordId === undefined) restore(listeners)
        else show({ seen: { id: recordId }, listeners }).resume()
      }
      return () => {
        attached -= 1
        if (attached === 0) for (const request of live) request.pause()
        detach()
      }
    },
  }
}
