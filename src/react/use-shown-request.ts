import { useEffect } from 'react'
import { useSWRConfig } from 'swr'
import type { Listeners } from '../client/callbacks.ts'
import type { ClientCore } from '../client/create-core.ts'
import type { CreatePersister } from './persisted-requests.ts'
import { createRequestPlace, type RequestPlace } from './shown-request.ts'
import { idle, type RequestState } from './request-state.ts'
import { sharedInstances } from './shared-instances.ts'
import { createSWRStore, useSWRStore } from './swr-store.ts'
import { keyPrefix, placeKey } from './swr-settings.ts'
import { useKept } from './use-kept.ts'
import { useLatest } from './use-latest.ts'

interface PlaceOptions {
  /** Components with the same id share one place. */
  id?: string | undefined
  persist?: CreatePersister | undefined
  /** A request that was sent elsewhere. */
  recordId?: string | undefined
}

const shared = sharedInstances<RequestPlace>()

/** The place of a component, its state, and the options of the last render. */
export function useRequestPlace<Options extends Listeners & PlaceOptions>(client: ClientCore, options: Options) {
  const { id, persist, recordId } = options
  const { cache, mutate } = useSWRConfig()
  const name = recordId !== undefined ? `record/${recordId}` : id !== undefined ? `request/${id}` : undefined

  const place = useKept(() => {
    const make = () => {
      const key = name === undefined ? placeKey(client) : `${keyPrefix}${client.key}/${name}`
      return createRequestPlace(client, createSWRStore<RequestState>(cache, mutate, key, idle), recordId)
    }
    return name === undefined ? make() : shared.get(cache, client, name, make)
  }, [cache, mutate, client, name, recordId])
  const persister = useKept(() => (persist && id !== undefined ? persist(client, id) : null), [client, !persist, id])
  // Callbacks are those of the last render.
  const latest = useLatest(options)
  useEffect(() => {
    const detach = place.attach(() => latest.current, persister)
    return () => {
      void detach().then((isShown) => {
        // The relay has the record. Only requests with an id of the app stay.
        if (name !== undefined && recordId !== undefined && !isShown) shared.drop(cache, client, name)
      })
    }
  }, [place, persister, latest, cache, client, name, recordId])
  return { state: useSWRStore(place.store), place, latest }
}
