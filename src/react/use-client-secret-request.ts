import { useMemo } from 'react'
import type { Persistence } from '../client/browser-storage.ts'
import type { Callbacks } from '../client/callbacks.ts'
import type { ClientSecretRequestParams, RequestParams } from '../client/create-client.ts'
import type { PollStopped } from '../client/follow.ts'
import type { QueuedRequest } from '../client/queued-request.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import { useClient } from './provider.tsx'
import type { Listeners } from './request-controller.ts'
import type { RequestState } from './request-state.ts'
import { withActions } from './stored.ts'
import { useLatest } from './use-latest.ts'
import { useRequestController } from './use-request-controller.ts'

/** The request of a component, and how it is shown. */
export interface UseClientSecretRequestOptions<Data = unknown> extends RequestParams, Listeners<Data> {
  /** Components of one provider with the same id share one request and its state. */
  id?: string | undefined
  /**
   * Keeps the request over a reload, for this tab (`session`) or this browser
   * (`local`): it is found again and goes on being followed. Needs an `id`.
   */
  persist?: Persistence | undefined
}

/** What `send` may change of the hook's request. */
export type SendOverrides<Data = unknown> = Partial<ClientSecretRequestParams<Data>>

/** The state of the request sent last, and what can be done. */
export type UseClientSecretRequest<Data = unknown> = RequestState<Data> &
  RequestActions & {
    /**
     * Sends the request; its fate is in the state and told to the callbacks. Never
     * rejects. What it is given overrides the hook's request for this one send;
     * headers, params and data are joined name by name.
     */
    send: (overrides?: SendOverrides<Data>) => void
    /**
     * The same, as a promise of the API's answer. It resolves to
     * `{ id, status: 'stopped' }` when the polling is stopped, and to a
     * `QueuedRequest` with a `queue` and no `poll`.
     *
     * @throws ClientSecretError
     */
    sendAsync: (overrides?: SendOverrides<Data>) => Promise<Data | PollStopped | QueuedRequest<Data>>
  }

/** What can be done with a request that was sent. */
export interface RequestActions {
  /** Ends the polling. The request itself goes on, and can be resumed. */
  stop: () => void
  /** Takes the polling up again; also begins that of a queued request without `poll`. */
  resume: () => void
  /**
   * Takes the request out of its queue, or ends the call that runs.
   *
   * @throws ClientSecretError when the relay cannot be reached, or knows no such request.
   */
  cancel: () => Promise<CancelAnswer>
  /** Back to `idle`. What was sent goes on, unwatched. */
  reset: () => void
}

/**
 * A request that a person starts, such as generating a picture: nothing is sent
 * until `send`, and one `send` is one call of the API.
 *
 * A component renders only for the fields that it reads. Unmounting ends the
 * polling, not the request.
 *
 * @example
 * const otter = useClientSecretRequest({
 *   clientSecretName: 'openai',
 *   url: 'https://api.openai.com/v1/images/generations',
 *   method: 'POST',
 *   headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 *   queue: 'images',
 *   poll: 1000,
 *   schema: Images, // any Standard Schema; types and checks `data`
 * })
 * otter.send({ data: { model: 'gpt-image-1', prompt: 'an otter' } })
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for `persist` without an `id`; Error outside a provider, as the other
 *   hooks do.
 */
export function useClientSecretRequest<Data = unknown>(
  options: UseClientSecretRequestOptions<Data>,
): UseClientSecretRequest<Data> {
  const client = useClient('useClientSecretRequest')
  const { id, persist } = options
  if (persist && id === undefined) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      'persist needs an id by which the request is found again after a reload, such as id: "otter".',
      { path: 'id' },
    )
  }
  const { request, listeners: own } = split(options as UseClientSecretRequestOptions)
  const { state, controller, listeners } = useRequestController({ client, id, persist, listeners: own })
  const latestRequest = useLatest(request)

  const actions = useMemo(() => {
    const sendAsync = (overrides: SendOverrides = {}) => {
      const { onResponse, onError, ...params } = overrides ?? {}
      const hearing = listeners()
      return controller.send(merged(latestRequest.current, params), overriding(hearing, { onResponse, onError }))
    }
    return {
      sendAsync,
      // Its failure is in the state, and told to onError.
      // `onClick={otter.send}` gives it an event, which changes nothing of the request.
      send: (overrides?: SendOverrides) => void sendAsync(isEvent(overrides) ? {} : overrides).catch(() => {}),
      stop: controller.stop,
      resume: () => controller.resume(listeners()),
      cancel: () => controller.cancel(listeners()),
      reset: controller.reset,
    }
  }, [controller, listeners, latestRequest])
  return useMemo(() => withActions(state, actions), [state, actions]) as UseClientSecretRequest<Data>
}

function isEvent(value: object | null | undefined): boolean {
  return (
    value !== undefined &&
    value !== null &&
    ('nativeEvent' in value || (typeof Event !== 'undefined' && value instanceof Event))
  )
}

/** What travels, and who hears of it. */
function split({
  id: _id,
  persist: _persist,
  schema,
  onResponse,
  onError,
  onUpdate,
  onSettled,
  ...request
}: UseClientSecretRequestOptions): {
  request: RequestParams
  listeners: Listeners
} {
  return { request, listeners: { schema, onResponse, onError, onUpdate, onSettled } }
}

/** The listeners of the hook, but for the callbacks that one send brings along. */
function overriding(listeners: Listeners, { onResponse, onError }: Callbacks): Listeners {
  return Object.create(listeners, {
    ...(onResponse && { onResponse: { value: onResponse } }),
    ...(onError && { onError: { value: onError } }),
  }) as Listeners
}

/** headers, params and data are joined name by name; every other field of `overrides` takes the place of the request's. */
function merged(request: RequestParams, overrides: Partial<RequestParams>): RequestParams {
  const join = (name: 'headers' | 'params' | 'data') => {
    const [field, over] = [request[name], overrides[name]]
    if (!field || !over) return (name in overrides ? over : field) as never
    // Header names are the same in any letter case.
    const names = new Set(Object.keys(over).map((key) => (name === 'headers' ? key.toLowerCase() : key)))
    const kept = Object.entries(field).filter(([key]) => !names.has(name === 'headers' ? key.toLowerCase() : key))
    return { ...Object.fromEntries(kept), ...over } as never
  }
  return { ...request, ...overrides, headers: join('headers'), params: join('params'), data: join('data') }
}
