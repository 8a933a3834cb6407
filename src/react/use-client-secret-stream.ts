import { useEffect, useMemo } from 'react'
import { useSWRConfig } from 'swr'
import type { StreamParams, StreamState } from '../client/create-stream.ts'
import type { StreamOptions } from '../client/stream-content.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import { isEvent, mergeRequest, type SendEvent } from './merge-request.ts'
import type { CreatePersister } from './persisted-requests.ts'
import { useClient } from './client-context.ts'
import { sharedInstances } from './shared-instances.ts'
import { createStreamPlace, idleStream, type StreamPlace } from './shown-stream.ts'
import { createLocalStore, useLocalStore } from './store.ts'
import { mergeGetters } from './tracked-fields.ts'
import { useKept } from './use-kept.ts'
import { useLatest } from './use-latest.ts'

/** How the hook reads its stream, and its callbacks. */
export interface UseClientSecretStreamOptions<Event = unknown, Data = unknown> extends StreamOptions<Event, Data> {
  /** Components of one provider with the same id share one stream and its state. */
  id?: string | undefined
  /**
   * Keeps the stream over a reload, and sends requests with `keep: true`: `sessionPersister` for this tab,
   * `localPersister` for this browser. Needs an `id`.
   */
  persist?: CreatePersister | undefined
}

/** Fields of the hook's request that `send` replaces. */
export type StreamOverrides = Partial<StreamParams>

/** The state of the latest stream, and its actions. */
export type UseClientSecretStream<Event = unknown, Data = Event | undefined> = StreamState<Event, Data> & {
  /**
   * Sends the request. Never rejects: the state and the callbacks have the outcome. Stops the stream before it.
   * `overrides` change the hook's request for this send; headers, params and data are merged by name. An event, as from
   * `onClick={chat.send}`, changes nothing.
   */
  send: (overrides?: StreamOverrides | SendEvent) => void
  /**
   * Stops reading, and leaves the text as it is. The call is not cancelled: the relay ends it when no reader returns
   * within its `limits.disconnectGracePeriod`, 10 seconds by default. A stream with `persist`, `keep` or `queue` goes on.
   */
  stop: () => void
  /** Continues after `stop` or a lost connection, at the character where the reading ended. Does not call the API again. */
  resume: () => void
  /**
   * Ends the call of the API at once. Withdraws a request in a queue.
   *
   * @throws ClientSecretError when the relay cannot be reached.
   */
  cancel: () => Promise<CancelAnswer>
}

const shared = sharedInstances<StreamPlace>()

/**
 * An answer that is read while the API writes it, such as that of a chat. Each `send` is one call of the API.
 *
 * A component renders once a frame at most, and only for fields that it reads. A lost connection continues where it
 * broke. An unmount stops the reading as `stop` does; a component that returns in time continues it.
 *
 * @example
 * const chat = useClientSecretStream({
 *   clientSecretName: 'openai',
 *   url: 'https://api.openai.com/v1/responses',
 *   method: 'POST',
 *   headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 *   data: { model: 'gpt-5', stream: true },
 * })
 * chat.send({ data: { input: 'Tell me about otters.' } })
 * // chat.text grows with each frame.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for `persist` without an `id`; Error outside a provider, as the other hooks do.
 */
export function useClientSecretStream<Event, Data>(
  request: StreamParams,
  options: UseClientSecretStreamOptions<Event, Data> & { reduce: (data: Data, event: Event) => Data; initial: Data },
): UseClientSecretStream<Event, Data>
export function useClientSecretStream(
  request: StreamParams,
  options: UseClientSecretStreamOptions<string, string> & { read: 'text' },
): UseClientSecretStream<string, string>
export function useClientSecretStream(
  request: StreamParams,
  options: UseClientSecretStreamOptions<Uint8Array, Uint8Array> & { read: 'bytes' },
): UseClientSecretStream<Uint8Array, Uint8Array>
export function useClientSecretStream<Event = unknown>(
  request: StreamParams,
  options?: UseClientSecretStreamOptions<Event, Event | undefined>,
): UseClientSecretStream<Event>
export function useClientSecretStream(
  request: StreamParams,
  options: object = {},
): UseClientSecretStream<never, never> {
  const client = useClient('useClientSecretStream')
  const { id, reduce, initial, read, persist } = options as UseClientSecretStreamOptions
  if (persist && id === undefined)
    throw new ClientSecretError('INVALID_PARAMETER', 'persist needs an id, such as id: "chat".', { path: 'id' })
  const { cache } = useSWRConfig()
  const place = useKept(() => {
    const empty = read === 'text' ? '' : read === 'bytes' ? new Uint8Array() : undefined
    const idle = { ...idleStream, data: reduce ? initial : empty }
    const make = () => createStreamPlace(client, createLocalStore<StreamState>(idle))
    return id === undefined ? make() : shared.get(cache, client, id, make)
  }, [cache, client, id])
  const latest = useLatest({ request, options })
  const persister = useKept(
    () => (persist && id !== undefined ? persist(client, `stream/${id}`) : null),
    [client, !persist, id],
  )
  useEffect(() => place.attach(() => latest.current.options, persister), [place, latest, persister])
  const state = useLocalStore(place.store)

  const actions = useKept(() => {
    const { stop, resume, cancel } = place
    const send = (overrides: StreamOverrides | SendEvent = {}) => {
      const params = mergeRequest(latest.current.request, isEvent(overrides) ? {} : overrides)
      place.send(params, () => latest.current.options)
    }
    return { send, stop, resume, cancel }
  }, [place, latest])
  return useMemo(() => mergeGetters(state, actions), [state, actions]) as UseClientSecretStream<never, never>
}
