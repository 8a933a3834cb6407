import { useEffect, useInsertionEffect } from 'react'
import { useSWRConfig } from 'swr'
import type { Persistence } from '../client/browser-storage.ts'
import type { Listeners } from '../client/callbacks.ts'
import type { Client } from '../client/create-client.ts'
import type { RequestParams } from '../client/request-params.ts'
import { idle, type RequestState } from '../client/request-state.ts'
import { createRequestPlace, type Keeper, type RequestPlace } from './request-place.ts'
import { sharedBy } from './shared-by.ts'
import { createStored, useStored } from './stored.ts'
import { keyPrefix, placeKey } from './swr-settings.ts'
import { useKept } from './use-kept.ts'

interface PlaceOptions extends Listeners, Partial<RequestParams> {
  client: Client
  /** Components with the same id share one place. Without, it is the component's own. */
  id?: string | undefined
  persist?: Persistence | undefined
  /** A request sent elsewhere; shared by its id. */
  recordId?: string | undefined
}

const shared = sharedBy<RequestPlace>()

/** The place of a component, for as long as it is mounted; its state; and what of the options is the request. */
export function useRequestPlace({
  client,
  id,
  persist,
  recordId,
  schema,
  onResponse,
  onError,
  onUpdate,
  onSettled,
  ...request
}: PlaceOptions) {
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
    () => (persist && id !== undefined ? keeperOf(client, persist, id) : null),
    [client, persist, id],
  )

  const listeners = useKept<Listeners>(() => ({}), [])
  // One object, so that whoever is told later is the listener of the last render. Before all
  // other effects, so that an effect that sends at once finds it so.
  useInsertionEffect(() => {
    Object.assign(listeners, { schema, onResponse, onError, onUpdate, onSettled })
  })
  useEffect(() => {
    const detach = place.attach(listeners, keeper)
    return () => {
      detach()
      // The relay has the record; what nobody shows need not stay here, as a request with an id of the app's does.
      if (name !== undefined && recordId !== undefined && !place.isAttached()) shared.drop(cache, client, name)
    }
  }, [place, keeper, listeners, cache, client, name, recordId])
  return { state: useStored(place.stored), place, listeners, request }
}

function keeperOf({ kept }: Client, persist: Persistence, id: string): Keeper {
  return {
    prepare: () => kept.prepare(persist),
    read: () => kept.read(persist, id),
    write: (request) => kept.write(persist, id, request),
  }
}
