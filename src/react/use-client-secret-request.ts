import { useEffect, useMemo, useState } from 'react'
import type { ClientSecretRequestParams } from '../client/create-client.ts'
import type { PollStopped } from '../client/follow.ts'
import type { QueuedRequest } from '../client/queued-request.ts'
import { useClient } from './provider.tsx'
import { idle, stateFields, type RequestState } from './request-state.ts'
import { createSender, type SendOverrides } from './send-request.ts'
import { useLatest } from './use-latest.ts'
import { useStored } from './use-stored.ts'

/** The state of the request sent last, and what can be done. */
export type UseClientSecretRequest<Data = unknown> = RequestState<Data> & {
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
 * const otter = useClientSecretRequest<Images>({
 *   clientSecretName: 'openai',
 *   url: 'https://api.openai.com/v1/images/generations',
 *   method: 'POST',
 *   headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 *   queue: 'images',
 *   poll: 1000,
 * })
 * otter.send({ data: { model: 'gpt-image-1', prompt: 'an otter' } })
 */
export function useClientSecretRequest<Data = unknown>(
  request: ClientSecretRequestParams<Data>,
): UseClientSecretRequest<Data> {
  const client = useClient('useClientSecretRequest')
  const latest = useLatest({ client, request: request as ClientSecretRequestParams })
  const [fieldsRead] = useState(() => new Set<keyof RequestState>())
  const [state, stored] = useStored<RequestState>(idle, (before, after) =>
    [...fieldsRead].every((field) => Object.is(before[field], after[field])),
  )
  const [sender] = useState(() => createSender(() => latest.current, stored))
  useEffect(() => sender.stopWatching, [sender])

  return useMemo(
    () => tracked(stored.read, fieldsRead, { send: sender.send, sendAsync: sender.sendAsync, reset: sender.reset }),
    // A new object for a new state, so that a memoised child that gets it renders.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [state, stored, fieldsRead, sender],
  ) as UseClientSecretRequest<Data>
}

/** The state's fields as getters that note that they were read. */
function tracked<Actions extends object>(
  read: () => RequestState,
  fieldsRead: Set<keyof RequestState>,
  actions: Actions,
): RequestState & Actions {
  const result = { ...actions }
  for (const field of stateFields) {
    Object.defineProperty(result, field, {
      enumerable: true,
      get: () => {
        fieldsRead.add(field)
        return read()[field]
      },
    })
  }
  return result as RequestState & Actions
}
