import { useMemo } from 'react'
import type { Listeners } from '../client/callbacks.ts'
import type { PollStopped } from '../client/poll-stopped.ts'
import type { QueuedRequest } from '../client/queued-request.ts'
import type { ClientSecretRequestParams, RequestParams } from '../client/request-params.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import type { CancelAnswer } from '../protocol/record.ts'
import { isEvent, mergeRequest, type SendEvent } from './merge-request.ts'
import { useClient } from './client-context.ts'
import type { CreatePersister } from './persisted-requests.ts'
import type { RequestPlace } from './shown-request.ts'
import type { RequestState } from './request-state.ts'
import { mergeGetters } from './tracked-fields.ts'
import { useKept } from './use-kept.ts'
import { useRequestPlace } from './use-shown-request.ts'

/** The request of a component, and its options. */
export type UseClientSecretRequestOptions<Data = unknown> = RequestParams &
  Listeners<Data> & {
    /** Components of one provider with the same id share one request and its state. */
    id?: string | undefined
    /**
     * Keeps the request over a reload: `sessionPersister` for this tab, `localPersister`
     * for this browser. Needs an `id`.
     */
    persist?: CreatePersister | undefined
  }

/** Fields of the hook's request that `send` replaces. */
export type SendOverrides<Data = unknown> = Partial<ClientSecretRequestParams<Data>>

/** The answer; a stop, with `poll`; a queued request to poll by hand, with `queue` alone. */
type Sent<Data> = Data | PollStopped | QueuedRequest<Data>

/** The result depends on `queue` and `poll`, of the hook and of the send. */
export interface SendAsync<Data, Promised> {
  (overrides?: SendOverrides<Data> & { queue?: undefined; poll?: undefined }): Promise<Promised>
  (overrides?: SendOverrides<Data>): Promise<Sent<Data>>
}

/** The state of the latest request, and its actions. */
export type UseClientSecretRequest<Data = unknown, Promised = Sent<Data>> = RequestState<Data> &
  RequestActions & {
    /**
     * Sends the request. Never rejects: the state and the callbacks have the outcome.
     * `overrides` change the hook's request for this send; headers, params and data
     * are merged by name. An event, as from `onClick={otter.send}`, changes nothing.
     */
    send: (overrides?: SendOverrides<Data> | SendEvent) => void
    /**
     * Sends the request, for a promise of the API's answer. With `poll`, `stop()`
     * resolves it to `{ id, status: 'stopped' }`; with a `queue` and no `poll`, it
     * resolves to a `QueuedRequest`.
     *
     * @throws ClientSecretError
     */
    sendAsync: SendAsync<Data, Promised>
  }

/** Actions on a sent request. */
export interface RequestActions {
  /** Ends the polling. The request goes on, and `resume` continues the polling. */
  stop: () => void
  /** Continues the polling, or starts that of a queued request without `poll`. */
  resume: () => void
  /**
   * Removes the request from its queue, or ends the running call.
   *
   * @throws ClientSecretError when the relay cannot be reached, or knows no such request.
   */
  cancel: () => Promise<CancelAnswer>
  /** Back to `idle`. A sent request goes on, without polling. */
  reset: () => void
}

/**
 * A request that a person starts, such as generating a picture. Each `send` is one
 * call of the API.
 *
 * A component renders only for fields that it reads. An unmount ends the polling,
 * not the request.
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
      // The callbacks of this send replace the hook's.
      const own = { ...(onResponse && { onResponse }), ...(onError && { onError }) }
      return place.send(mergeRequest(request, params), () => ({ ...latest.current, ...own }))
    }
    return {
      sendAsync,
      // The state and onError have its failure.
      send: (overrides?: SendOverrides | SendEvent) =>
        void sendAsync(isEvent(overrides) ? undefined : overrides).catch(() => {}),
      ...actionsOf(place),
      reset: place.reset,
    }
  }, [place, latest])
  return useMemo(() => mergeGetters(state, actions), [state, actions])
}

/** The actions of a place. */
export function actionsOf({ stop, resume, cancel }: RequestPlace) {
  return { stop, resume, cancel }
}
