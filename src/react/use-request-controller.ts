import { useEffect, useMemo, useState } from 'react'
import { useSWRConfig, type Cache } from 'swr'
import type { Persistence } from '../client/browser-storage.ts'
import type { Client } from '../client/create-client.ts'
import { randomId } from '../client/random-id.ts'
import { createRequestController, type Listeners, type RequestController } from './request-controller.ts'
import { idle, type RequestState } from './request-state.ts'
import { createStored, useStored, type Stored } from './stored.ts'
import { keyPrefix } from './swr-settings.ts'
import { useLatest } from './use-latest.ts'

interface Entry {
  controller: RequestController
  stored: Stored<RequestState>
}

interface ControllerOptions {
  client: Client
  /** Components with the same id share one request. Without, it is the component's own. */
  id?: string | undefined
  persist?: Persistence | undefined
  /** A request sent elsewhere; shared by its id. */
  recordId?: string | undefined
  listeners: Listeners
}

/** The shared ones, of each SWR cache, by their key. */
const shared = new WeakMap<Cache, Map<string, Entry>>()

/** The state of a request, and its controller, for as long as the component is mounted. */
export function useRequestController({ client, id, persist, recordId, listeners }: ControllerOptions) {
  const { cache, mutate } = useSWRConfig()
  // Not useId or a counter: they repeat in a second React root, and in a cache that the host keeps over a reload.
  const [instance] = useState(randomId)
  const name = recordId !== undefined ? `record/${recordId}` : id !== undefined ? `request/${id}` : undefined

  const entry = useMemo(() => {
    const make = (): Entry => {
      const stored = createStored<RequestState>(
        cache,
        mutate,
        `${keyPrefix}${client.key}/${name ?? `#${instance}`}`,
        idle,
      )
      const keeper =
        persist && id !== undefined
          ? {
              read: () => client.kept.read(persist, id),
              write: (kept: Parameters<Client['kept']['write']>[2]) => client.kept.write(persist, id, kept),
            }
          : undefined
      return { stored, controller: createRequestController({ client, state: stored, keeper, recordId }) }
    }
    if (name === undefined) return make()
    const entries = shared.get(cache) ?? new Map<string, Entry>()
    shared.set(cache, entries)
    const key = `${client.key}/${name}`
    const known = entries.get(key) ?? make()
    entries.set(key, known)
    return known
  }, [cache, mutate, client, instance, name, id, persist, recordId])

  const latest = useLatest(listeners)
  const [latestListeners] = useState(() => () => latestOf(() => latest.current))
  useEffect(() => entry.controller.attach(latestListeners()), [entry, latestListeners])
  return { state: useStored(entry.stored), controller: entry.controller, listeners: latestListeners }
}

/** Listeners that are looked up when they are called, so that they see the props of the last render. */
function latestOf(read: () => Listeners): Listeners {
  // Whether there is one decides whether a failure that nobody awaits is unhandled.
  const onError: Listeners['onError'] = (...args) => read().onError?.(...args)
  const onSettled: Listeners['onSettled'] = (...args) => read().onSettled?.(...args)
  return {
    get schema() {
      return read().schema
    },
    get onError() {
      return read().onError && onError
    },
    get onSettled() {
      return read().onSettled && onSettled
    },
    onResponse: (...args) => read().onResponse?.(...args),
    onUpdate: (...args) => read().onUpdate?.(...args),
  }
}
