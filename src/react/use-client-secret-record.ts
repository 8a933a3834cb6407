import { useMemo } from 'react'
import type { Listeners } from '../client/callbacks.ts'
import { useClient } from './client-context.ts'
import type { RequestState } from './request-state.ts'
import { mergeGetters } from './tracked-fields.ts'
import { actionsOf, type RequestActions } from './use-client-secret-request.ts'
import { useKept } from './use-kept.ts'
import { useRequestPlace } from './use-shown-request.ts'

/** The state of the request, and its actions. */
export type UseClientSecretRecord<Data = unknown> = RequestState<Data> & Omit<RequestActions, 'reset'>

/**
 * Follows a request that was sent elsewhere, such as one of the history, by its
 * id. `null` follows nothing. The status is `sending` until the relay's first answer.
 *
 * @example
 * const otter = useClientSecretRecord(otterId)
 */
export function useClientSecretRecord<Data = unknown>(
  id: string | null,
  listeners: Listeners<Data> = {},
): UseClientSecretRecord<Data> {
  const { state, place } = useRequestPlace(useClient('useClientSecretRecord'), {
    ...(listeners as Listeners),
    recordId: id ?? undefined,
  })
  const actions = useKept(() => actionsOf(place), [place])
  return useMemo(() => mergeGetters(state, actions), [state, actions]) as UseClientSecretRecord<Data>
}
