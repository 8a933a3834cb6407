import { useEffect, useMemo } from 'react'
import { useSWRConfig } from 'swr'
import type { HistoryFilter } from '../protocol/record.ts'
import { createHistoryPages, noHistory, type HistoryPages, type HistoryState } from './history-pages.ts'
import { useClient } from './provider.tsx'
import { createSWRStore, useSWRStore, mergeGetters } from './swr-store.ts'
import { placeKey } from './swr-settings.ts'
import { useKept } from './use-kept.ts'

/** What is known of the history, and what reads more of it. */
export type UseClientSecretHistory = HistoryState & Pick<HistoryPages, 'loadMore' | 'refresh'>

/**
 * This caller's past requests, page by page, the newest first. Those under way
 * are kept live.
 *
 * @example
 * const past = useClientSecretHistory({ queue: 'images', compact: true })
 */
export function useClientSecretHistory(filter: HistoryFilter = {}): UseClientSecretHistory {
  const client = useClient('useClientSecretHistory')
  const { cache, mutate } = useSWRConfig()
  const { url, method, queue, status, compact, limit } = filter
  const { store, pages } = useKept(() => {
    const history = createSWRStore<HistoryState>(cache, mutate, placeKey(client), noHistory)
    return {
      store: history,
      pages: createHistoryPages(client, { url, method, queue, status, compact, limit }, history),
    }
  }, [cache, mutate, client, url, method, queue, status, compact, limit])
  useEffect(() => pages.attach(), [pages])
  const state = useSWRStore(store)
  return useMemo(() => mergeGetters(state, { loadMore: pages.loadMore, refresh: pages.refresh }), [state, pages])
}
