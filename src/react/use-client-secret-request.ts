import { useMemo } from 'react'
import type { Persistence } from '../client/browser-storage.ts'
import type { Listeners } from '../client/callbacks.ts'
import type { PollStopped } from '../client/poll-stopped.ts'
import type { QueuedRequest } from '../client/queued-request.ts'
import type { ClientSecretRequestParams, RequestParams } from '../client/request-params.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import { useClient } from './provider.tsx'
import type { RequestPlace } from './request-place.ts'
import type { RequestState } from './request-state.ts'
import { joined } from './stored.ts'
import { useKept } from './use-kept.ts'
import { useRequestPlace } from './use-request-place.ts'

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

/** An event of React's, or of the browser's. */
export type SendEvent = { readonly nativeEvent: unknown } | { readonly isTrusted: boolean }

/** All that a promise of a request may give: its answer; a stop, where it is polled; what polls it, where it is queued. */
type Sent<Data> = Data | PollStopped | QueuedRequest<Data>

/** What it gives depends on `queue` and `poll` of the hook's request, and of what is sent. */
export interface SendAsync<Data, Promised> {
  (overrides?: SendOverrides<Data> & { queue?: undefined; poll?: undefined }): Promise<Promised>
  (overrides?: SendOverrides<Data>): Promise<Sent<Data>>
}

/** The state of the request sent last, and what can be done. */
export type UseClientSecretRequest<Data = unknown, Promised = Sent<Data>> = RequestState<Data> &
  RequestActions & {
    /**
     * Sends the request; its fate is in the state and told to the callbacks. Never
     * rejects. What it is given overrides the hook's request for this one send;
     * headers, params and data are joined name by name. An event, as from
     * `onClick={otter.send}`, overrides nothing.
     */
    send: (overrides?: SendOverrides<Data> | SendEvent) => void
    /**
     * The same, as a promise of the API's answer. With a `poll` it resolves to
     * `{ id, status: 'stopped' }` when the polling is stopped; with a `queue` and
     * no `poll`, to a `QueuedRequest`.
     *
     * @throws ClientSecretError
     */
    sendAsync: SendAsync<Data, Promised>
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
  options: UseClientSecretRequestOptions<Data> & { queue?: undefined; poll?: 0 | undefined },
): UseClientSecretRequest<Data, Data>
export function useClientSecretRequest<Data = unknown>(
  options: UseClientSecretRequestOptions<Data> & { queue?: undefined },
): UseClientSecretRequest<Data, Data | PollStopped>
export function useClientSecretRequest<Data = unknown>(
  options: UseClientSecretRequestOptions<Data> & { queue: string; poll?: 0 | undefined },
): UseClientSecretRequest<Data, QueuedRequest<Data>>
export function useClientSecretRequest<Data = unknown>(
  options: UseClientSecretRequestOptions<Data>,
): UseClientSecretRequest<Data>
export function useClientSecretRequest(options: UseClientSecretRequestOptions): UseClientSecretRequest {
  if (options.persist && options.id === undefined)
    throw new ClientSecretError('INVALID_PARAMETER', 'persist needs an id, such as id: "otter".', { path: 'id' })
  const { state, place, latest } = useRequestPlace(useClient('useClientSecretRequest'), options)

  const actions = useKept(() => {
    const sendAsync = (overrides?: SendOverrides) => {
      const { onResponse, onError, ...params } = overrides ?? {}
      const {
        id: _id,
        persist: _persist,
        schema: _schema,
        onUpdate: _onUpdate,
        onSettled: _onSettled,
        ...request
      } = latest.current
      // The callbacks of this send take the place of the hook's.
      const own = { ...(onResponse && { onResponse }), ...(onError && { onError }) }
      return place.send(merged(request, params), () => ({ ...latest.current, ...own }))
    }
    return {
      sendAsync,
      // Its failure is in the state, and told to onError.
      send: (overrides?: SendOverrides | SendEvent) =>
        void sendAsync(isEvent(overrides) ? undefined : overrides).catch(() => {}),
      ...actionsOf(place),
      reset: place.reset,
    }
  }, [place, latest])
  return useMemo(() => joined(state, actions), [state, actions])
}

/** What can be done with a request, however it was begun. */
export function actionsOf({ stop, resume, cancel }: RequestPlace) {
  return { stop, resume, cancel }
}

function isEvent(value: SendOverrides | SendEvent | undefined): value is SendEvent {
  return value instanceof Object && ('nativeEvent' in value || 'isTrusted' in value)
}

/** A list and a text are no fields: they take the place of what was there. */
function hasNames(value: unknown): value is object {
  return value instanceof Object && !Array.isArray(value)
}

/** headers, params and data are joined name by name; every other field of `overrides` takes the place of the request's. */
function merged(request: RequestParams, overrides: Partial<RequestParams>): RequestParams {
  const all = { ...request, ...overrides }
  for (const field of ['headers', 'params', 'data'] as const) {
    const [fields, others] = [request[field], overrides[field]]
    if (!hasNames(fields) || !hasNames(others)) continue
    const entries = Object.entries({ ...fields, ...others })
    // Header names are the same in any letter case; the later one counts.
    const byName = entries.map((entry) => [field === 'headers' ? entry[0].toLowerCase() : entry[0], entry] as const)
    Object.assign(all, { [field]: Object.fromEntries(new Map(byName).values()) })
  }
  return all
}
