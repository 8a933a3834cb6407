import { useEffect, useMemo, useState } from 'react'
import { useSWRConfig, type Cache } from 'swr'
import type { Persistence } from '../client/browser-storage.ts'
import type { Client } from '../client/create-client.ts'
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

let instances = 0

/** The state of a request, and its controller, for as long as the component is mounted. */
export function useRequestController({ client, id, persist, recordId, listeners }: ControllerOptions) {
  const { cache, mutate } = useSWRConfig()
  // Not useId: it repeats in a second React root, and both would share a request.
  const [instance] = useState(() => ++instances)
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
  const now = read()
  return {
    schema: now.schema,
    onResponse: now.onResponse && ((...args) => read().onResponse?.(...args)),
    onError: now.onError && ((...args) => read().onError?.(...args)),
    onUpdate: (...args) => read().onUpdate?.(...args),
    onSettled: now.onSettled && ((...args) => read().onSettled?.(...args)),
  }
}
