import { tellOutcome, type Listeners } from '../client/callbacks.ts'
import type { ClientCore } from '../client/create-core.ts'
import { createRequest, nothingToCancel, type RequestObject, type RequestStart } from '../client/create-request.ts'
import { answerOf, handled } from '../client/queued-request.ts'
import { randomId } from '../client/random-id.ts'
import type { RequestParams } from '../client/request-params.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import type { Persister } from './persisted-requests.ts'
import { failed, idle, stateOf, type RequestState } from './request-state.ts'
import { createLoopCheck } from './send-loop.ts'
import type { SWRStore } from './swr-store.ts'

/** A place in the tree that shows its latest request. Earlier ones continue, and call their listeners. */
export interface RequestPlace {
  store: SWRStore<RequestState>
  send: (params: RequestParams, listeners: () => Listeners) => Promise<unknown>
  stop: () => void
  resume: () => void
  cancel: () => Promise<CancelAnswer>
  reset: () => void
  /** Called by a component that shows the place. The returned function resolves to whether another one still does. */
  attach: (listeners: () => Listeners, persister: Persister | null) => () => Promise<boolean>
}

/** @param recordId A request that was sent elsewhere. */
export function createRequestPlace(client: ClientCore, store: SWRStore<RequestState>, recordId?: string): RequestPlace {
  let shown: RequestObject | undefined
  /** Requests without an outcome. */
  const live = new Set<RequestObject>()
  /** Requests from before the last reset call no listeners. */
  let resets = 0
  let persister: Persister | null = null
  const loopError = createLoopCheck()

  function show({ listeners, ...start }: RequestStart): RequestObject {
    const born = resets
    shown = createRequest(client, {
      ...start,
      listeners: () => (born === resets && listeners?.()) || {},
      onChange(request) {
        if (request.outcome) live.delete(request)
        else live.add(request)
        if (shown === request) write(request)
      },
    })
    write(shown)
    return shown
  }

  function write(request: RequestObject): void {
    const state = stateOf(request)
    if (state) store.write(state)
    persister?.write(request)
  }

  return {
    store,

    send(params, listeners) {
      const error = loopError(params)
      if (!error) {
        const idempotencyKey = randomId()
        persister?.prepare(params, idempotencyKey)
        return answerOf(show({ params, listeners, idempotencyKey }), listeners())
      }
      shown = undefined
      // Once: a new state would run the effect again.
      if (store.read().error?.code !== error.code) {
        store.write(failed(error))
        tellOutcome(listeners(), error)
      }
      return handled(Promise.reject(error), listeners())
    },

    stop: () => shown?.stop(),

    resume() {
      if (store.isShown()) shown?.resume()
    },

    cancel: async () => shown?.cancel() ?? nothingToCancel,

    reset() {
      resets += 1
      shown = undefined
      for (const request of live) request.stop()
      live.clear()
      persister?.forget()
      store.write(idle)
    },

    attach(listeners, ownPersister) {
      const detach = store.attach()
      persister = ownPersister ?? persister
      for (const request of live) request.unpause()
      if (!shown && store.read() === idle) {
        if (recordId === undefined) persister?.restore(show, listeners)
        else show({ seen: { id: recordId }, listeners }).resume()
      }
      return async () => {
        detach()
        // StrictMode and Fast Refresh unmount a component and mount it again at once.
        await Promise.resolve()
        if (!store.isShown()) for (const request of live) request.pause()
        return store.isShown()
      }
    },
  }
}
