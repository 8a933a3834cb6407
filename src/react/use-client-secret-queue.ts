import { useCallback, useMemo } from 'react'
import type { ClientSecretError } from '../protocol/errors.ts'
import type { QueueCount } from '../protocol/record.ts'
import { useIsolatedSWR } from './isolated-swr.ts'
import { useClient } from './client-context.ts'
import { keyPrefix, ownSettings } from './swr-settings.ts'

/** The count of a queue. */
export interface UseClientSecretQueue {
  /** This caller's unsettled requests in queues of this name, including the running one. Undefined until the first count. */
  inQueue: number | undefined
  isLoading: boolean
  error: ClientSecretError | undefined
  /** Counts again. */
  refresh: () => void
}

/**
 * Counts the requests in a queue.
 *
 * @param refreshInterval Milliseconds between counts while the page is visible; 0 counts once. Default 5,000.
 */
export function useClientSecretQueue(
  queueName: string,
  { refreshInterval = 5_000 }: { refreshInterval?: number } = {},
): UseClientSecretQueue {
  const client = useClient('useClientSecretQueue')
  const { data, error, isLoading, mutate } = useIsolatedSWR<QueueCount, ClientSecretError>(
    `${keyPrefix}${client.key}/queue/${queueName}`,
    () => client.transport.queueCount(queueName),
    // SWR would skip counts within its deduping interval.
    { ...ownSettings, refreshInterval, dedupingInterval: Math.min(ownSettings.dedupingInterval, refreshInterval) },
  )
  const refresh = useCallback(() => void mutate(), [mutate])
  return useMemo(() => ({ inQueue: data?.inQueue, isLoading, error, refresh }), [data, isLoading, error, refresh])
}
