import { useEffect, useMemo, useState } from 'react'
import { useSWRConfig, type Cache, type ScopedMutator } from 'swr'
import type { Persistence } from '../client/browser-storage.ts'
import type { Client } from '../client/create-client.ts'
import { randomId } from '../client/random-id.ts'
import { createRequestController, type Keeper, type Listeners, type RequestController } from './request-controller.ts'
import { idle, type RequestState } from './request-state.ts'
import { sharedBy } from './shared-by.ts'
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

const shared = sharedBy<Entry>()

/** The state of a request, and its controller, for as long as the component is mounted. */
export function useRequestController({ client, id, persist, recordId, listeners }: ControllerOptions) {
  const { cache, mutate } = useSWRConfig()
  // Not useId or a counter: they repeat in a second React root, and in a cache that the host keeps over a reload.
  const [instance] = useState(randomId)
  const name = recordId !== undefined ? `record/${recordId}` : id !== undefined ? `request/${id}` : undefined

  const entry = useMemo(() => {
    const make = () => makeEntry(cache, mutate, client, name ?? `#${instance}`, recordId)
    return name === undefined ? make() : shared.get(cache, client, name, make)
  }, [cache, mutate, client, instance, name, recordId])
  const keeper = useMemo(
    () => (persist && id !== undefined ? keeperOf(client, persist, id) : null),
    [client, persist, id],
  )

  const latest = useLatest(listeners)
  const [latestListeners] = useState(() => () => latestOf(() => latest.current))
  useEffect(() => {
    const detach = entry.controller.attach(latestListeners(), keeper)
    return () => {
      detach()
      // The relay has the record; what nobody shows need not stay here, as a request with an id of the app's does.
      if (name !== undefined && recordId !== undefined && !entry.controller.isAttached())
        shared.drop(cache, client, name)
    }
  }, [entry, keeper, latestListeners, cache, client, name, recordId])
  return { state: useStored(entry.stored), controller: entry.controller, listeners: latestListeners }
}

function makeEntry(
  cache: Cache,
  mutate: ScopedMutator,
  client: Client,
  name: string,
  recordId: string | undefined,
): Entry {
  const stored = createStored<RequestState>(cache, mutate, `${keyPrefix}${client.key}/${name}`, idle)
  return { stored, controller: createRequestController(client, stored, recordId) }
}

function keeperOf({ kept }: Client, persist: Persistence, id: string): Keeper {
  return {
    prepare: () => kept.prepare(persist),
    read: () => kept.read(persist, id),
    write: (request) => kept.write(persist, id, request),
  }
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
