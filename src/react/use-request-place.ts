import { useEffect } from 'react'
import { useSWRConfig } from 'swr'
import type { Persistence } from '../client/browser-storage.ts'
import type { Listeners } from '../client/callbacks.ts'
import type { ClientCore } from '../client/create-core.ts'
import { createKeeper } from './kept-requests.ts'
import { createRequestPlace, type RequestPlace } from './request-place.ts'
import { idle, type RequestState } from './request-state.ts'
import { sharedBy } from './shared-by.ts'
import { createStored, useStored } from './stored.ts'
import { keyPrefix, placeKey } from './swr-settings.ts'
import { useKept } from './use-kept.ts'
import { useLatest } from './use-latest.ts'

interface PlaceOptions {
  /** Components with the same id share one place. Without, it is the component's own. */
  id?: string | undefined
  persist?: Persistence | undefined
  /** A request sent elsewhere; shared by its id. */
  recordId?: string | undefined
}

const shared = sharedBy<RequestPlace>()

/** The place of a component, for as long as it is mounted; its state; and the options of the last render. */
export function useRequestPlace<Options extends Listeners & PlaceOptions>(client: ClientCore, options: Options) {
  const { id, persist, recordId } = options
  const { cache, mutate } = useSWRConfig()
  const name = recordId !== undefined ? `record/${recordId}` : id !== undefined ? `request/${id}` : undefined

  const place = useKept(() => {
    const make = () => {
      const key = name === undefined ? placeKey(client) : `${keyPrefix}${client.key}/${name}`
      return createRequestPlace(client, createStored<RequestState>(cache, mutate, key, idle), recordId)
    }
    return name === undefined ? make() : shared.get(cache, client, name, make)
  }, [cache, mutate, client, name, recordId])
  const keeper = useKept(
    () => (persist && id !== undefined ? createKeeper(client, persist, id) : null),
    [client, persist, id],
  )
  // Whoever is told later is the listener of the last render.
  const latest = useLatest(options)
  useEffect(() => {
    const detach = place.attach(() => latest.current, keeper)
    return () => {
      void detach().then((isShown) => {
        // The relay has the record; what nobody shows need not stay here, as a request with an id of the app's does.
        if (name !== undefined && recordId !== undefined && !isShown) shared.drop(cache, client, name)
      })
    }
  }, [place, keeper, latest, cache, client, name, recordId])
  return { state: useStored(place.stored), place, latest }
}
