import { useCallback, useMemo } from 'react'
import type { ClientSecretError } from '../protocol/errors.ts'
import type { QueueCount } from '../protocol/record.ts'
import { useIsolatedSWR } from './isolated-swr.ts'
import { useClient } from './provider.tsx'
import { keyPrefix, ownSettings } from './swr-settings.ts'

/** How many wait, as far as it is known. */
export interface UseClientSecretQueue {
  /** This caller's unsettled requests in queues of this name, the running one included; undefined until it is known. */
  inQueue: number | undefined
  isLoading: boolean
  error: ClientSecretError | undefined
  /** Counts anew. */
  refresh: () => void
}

/**
 * How many requests wait in a queue.
 *
 * @param refreshInterval Milliseconds between counts while the page is seen; 0 counts once. Default 5,000.
 */
export function useClientSecretQueue(
  queueName: string,
  { refreshInterval = 5_000 }: { refreshInterval?: number } = {},
): UseClientSecretQueue {
  const client = useClient('useClientSecretQueue')
  const { data, error, isLoading, mutate } = useIsolatedSWR<QueueCount, ClientSecretError>(
    `${keyPrefix}${client.key}/queue/${queueName}`,
    () => client.transport.queueCount(queueName),
    // SWR would leave out what comes sooner than its deduping interval.
    { ...ownSettings, refreshInterval, dedupingInterval: Math.min(ownSettings.dedupingInterval, refreshInterval) },
  )
  const refresh = useCallback(() => void mutate(), [mutate])
  return useMemo(() => ({ inQueue: data?.inQueue, isLoading, error, refresh }), [data, isLoading, error, refresh])
}
