import { useMemo } from 'react'
import { useClient } from './provider.tsx'
import type { Listeners } from './request-controller.ts'
import type { RequestState } from './request-state.ts'
import { joined } from './stored.ts'
import type { RequestActions } from './use-client-secret-request.ts'
import { actionsOf, useRequestController } from './use-request-controller.ts'

/** The state of the request, and what can be done with it. */
export type UseClientSecretRecord<Data = unknown> = RequestState<Data> & Omit<RequestActions, 'reset'>

/**
 * Follows a request that was sent elsewhere, such as one of the history, by its
 * id; `null` follows nothing. Until the relay has told of it, it is `sending`.
 *
 * @example
 * const otter = useClientSecretRecord(otterId)
 */
export function useClientSecretRecord<Data = unknown>(
  id: string | null,
  listeners: Listeners<Data> = {},
): UseClientSecretRecord<Data> {
  const {
    state,
    controller,
    listeners: latest,
  } = useRequestController({
    ...(listeners as Listeners),
    client: useClient('useClientSecretRecord'),
    recordId: id ?? undefined,
  })
  const actions = useMemo(() => actionsOf(controller, latest), [controller, latest])
  return useMemo(() => joined(state, actions), [state, actions]) as UseClientSecretRecord<Data>
}
