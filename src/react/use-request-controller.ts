import { useEffect, useInsertionEffect, useMemo, useState } from 'react'
import { useSWRConfig } from 'swr'
import type { Persistence } from '../client/browser-storage.ts'
import type { Client, RequestParams } from '../client/create-client.ts'
import { createRequestController, type Keeper, type Listeners, type RequestController } from './request-controller.ts'
import { idle, type RequestState } from './request-state.ts'
import { sharedBy } from './shared-by.ts'
import { createStored, useStored, type Stored } from './stored.ts'
import { keyPrefix, placeKey } from './swr-settings.ts'

interface Entry {
  controller: RequestController
  stored: Stored<RequestState>
}

interface ControllerOptions extends Listeners, Partial<RequestParams> {
  client: Client
  /** Components with the same id share one request. Without, it is the component's own. */
  id?: string | undefined
  persist?: Persistence | undefined
  /** A request sent elsewhere; shared by its id. */
  recordId?: string | undefined
}

const shared = sharedBy<Entry>()

/** The state of a request, and its controller, for as long as the component is mounted; and what of the options is the request. */
export function useRequestController({
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
}: ControllerOptions) {
  const { cache, mutate } = useSWRConfig()
  const name = recordId !== undefined ? `record/${recordId}` : id !== undefined ? `request/${id}` : undefined

  const { stored, controller } = useMemo(() => {
    const make = () => {
      const key = name === undefined ? placeKey(client) : `${keyPrefix}${client.key}/${name}`
      const state = createStored(cache, mutate, key, idle as RequestState)
      return { stored: state, controller: createRequestController(client, state, recordId) }
    }
    return name === undefined ? make() : shared.get(cache, client, name, make)
  }, [cache, mutate, client, name, recordId])
  const keeper = useMemo(
    () => (persist && id !== undefined ? keeperOf(client, persist, id) : null),
    [client, persist, id],
  )

  const [listeners] = useState<Listeners>({})
  // One object, so that whoever is told later is the listener of the last render. Before all
  // other effects, so that an effect that sends at once finds it so.
  useInsertionEffect(() => {
    Object.assign(listeners, { schema, onResponse, onError, onUpdate, onSettled })
  })
  useEffect(() => {
    const detach = controller.attach(listeners, keeper)
    return () => {
      detach()
      // The relay has the record; what nobody shows need not stay here, as a request with an id of the app's does.
      if (name !== undefined && recordId !== undefined && !controller.isAttached()) shared.drop(cache, client, name)
    }
  }, [controller, keeper, listeners, cache, client, name, recordId])
  return { state: useStored(stored), controller, listeners, request }
}

/** What can be done with a request, however it was begun. */
export function actionsOf({ stop, resume, cancel }: RequestController, listeners: Listeners) {
  return { stop, resume: () => resume(listeners), cancel: () => cancel(listeners) }
}

function keeperOf({ kept }: Client, persist: Persistence, id: string): Keeper {
  return {
    prepare: () => kept.prepare(persist),
    read: () => kept.read(persist, id),
    write: (request) => kept.write(persist, id, request),
  }
}
