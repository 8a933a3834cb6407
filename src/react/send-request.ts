import { callBack, once, tellError, type Callbacks } from '../client/callbacks.ts'
import type { Client, ClientSecretRequestParams } from '../client/create-client.ts'
import { isPollStopped, type FollowOptions, type PollStopped } from '../client/follow.ts'
import { queuedRequest, type QueuedRequest } from '../client/queued-request.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import { ended, failed, idle, sending, underWay, type RequestState } from './request-state.ts'
import type { Stored } from './use-stored.ts'

/** What the hook's `send` may change of its request. */
export type SendOverrides<Data = unknown> = Partial<ClientSecretRequestParams<Data>>

export interface Sender<Data = unknown> {
  send: (overrides?: SendOverrides<Data>) => void
  sendAsync: (overrides?: SendOverrides<Data>) => Promise<Data | PollStopped | QueuedRequest<Data>>
  reset: () => void
  /** Ends the watching, not the requests. */
  stopWatching: () => void
}

/** Sends requests and writes their state; what a component does with it is not known here. */
export function createSender(
  latest: () => { client: Client; request: ClientSecretRequestParams },
  state: Stored<RequestState>,
): Sender {
  /** The send whose state is shown: the last one. */
  let shown: object | null = null
  const watching = new Set<AbortController>()

  function sendAsync(overrides: SendOverrides = {}): Promise<unknown> {
    const { client, request } = latest()
    const callbacks = once(latestCallbacks(latest, overrides))
    return tellError(run(client, merged(request, overrides), callbacks), callbacks)
  }

  async function run(client: Client, params: ClientSecretRequestParams, callbacks: Callbacks): Promise<unknown> {
    const turn = (shown = {})
    const show = (next: RequestState | null) => {
      if (next && shown === turn) state.write(next)
    }
    let last: ClientSecretRecord | undefined
    /** Shows how it goes on, and how it ends. */
    async function watch<Result extends Parameters<typeof ended>[0]>(
      isPolling: boolean,
      start: (options: FollowOptions) => Promise<Result>,
    ): Promise<Result> {
      const watcher = new AbortController()
      watching.add(watcher)
      try {
        const result = await start({
          stopSignal: watcher.signal,
          onUpdate: (record) => {
            last = record
            show(underWay(record, isPolling))
          },
        })
        show(ended(result, last))
        return result
      } catch (error) {
        show(failed(error, last))
        throw error
      } finally {
        watching.delete(watcher)
      }
    }

    show(sending)
    const sent = await watch(Boolean(params.poll), (options) => client.send(params, options))
    if (isPollStopped(sent)) return sent
    if (!sent.response) {
      return queuedRequest(sent.record, callbacks, (seen, options) =>
        watch(true, (own) => client.follow(seen, joined(options, own))),
      )
    }
    callBack(callbacks.onResponse, sent.data, sent.response)
    return sent.data
  }

  function stopWatching(): void {
    for (const watcher of watching) watcher.abort()
  }

  return {
    sendAsync: sendAsync,
    send: (overrides) => {
      // The failure is in the state, and told to onError.
      sendAsync(overrides).catch(() => {})
    },
    reset: () => {
      shown = null
      stopWatching()
      state.write(idle)
    },
    stopWatching,
  }
}

/** headers, params and data are joined name by name; every other field of `overrides` takes the place of the request's. */
function merged(request: ClientSecretRequestParams, overrides: SendOverrides): ClientSecretRequestParams {
  const join = <Fields extends object>(field: Fields | undefined, over: Fields | undefined) =>
    field && over ? { ...field, ...over } : (over ?? field)
  return {
    ...request,
    ...overrides,
    headers: join(request.headers, overrides.headers),
    params: join(request.params, overrides.params),
    data: join(request.data, overrides.data),
  }
}

/** The callbacks of the last render at the time they are called, so that they see its props. */
function latestCallbacks(latest: () => { request: Callbacks }, overrides: Callbacks): Callbacks {
  const has = (name: keyof Callbacks) => overrides[name] ?? latest().request[name]
  return {
    onResponse: has('onResponse') && ((...args) => (overrides.onResponse ?? latest().request.onResponse)?.(...args)),
    onError: has('onError') && ((...args) => (overrides.onError ?? latest().request.onError)?.(...args)),
  }
}

function joined(theirs: FollowOptions, ours: FollowOptions): FollowOptions {
  const stopSignals = [theirs.stopSignal, ours.stopSignal].filter((signal) => signal !== undefined)
  return { ...theirs, ...ours, stopSignal: AbortSignal.any(stopSignals) }
}
