import { useEffect, useMemo } from 'react'
import { useSWRConfig } from 'swr'
import type { HistoryFilter } from '../protocol/record.ts'
import { createHistoryPages, noHistory, type HistoryPages, type HistoryState } from './history-pages.ts'
import { useClient } from './client-context.ts'
import { createSWRStore, useSWRStore } from './swr-store.ts'
import { mergeGetters } from './tracked-fields.ts'
import { placeKey } from './swr-settings.ts'
import { useKept } from './use-kept.ts'

/** The state of a history, and its actions. */
export type UseClientSecretHistory<Data = unknown> = HistoryState<Data> & Pick<HistoryPages, 'loadMore' | 'refresh'>

/**
 * This caller's past requests, page by page, the newest first. Requests of this
 * client appear when the relay has their record, and unsettled ones update. `Data` is
 * the type of each `response.body`, which is parsed as the `data` of other hooks.
 *
 * @example
 * const past = useClientSecretHistory({ queue: 'images', compact: true })
 */
export function useClientSecretHistory<Data = unknown>(filter: HistoryFilter = {}): UseClientSecretHistory<Data> {
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
  return useMemo(
    () => mergeGetters(state, { loadMore: pages.loadMore, refresh: pages.refresh }) as UseClientSecretHistory<Data>,
    [state, pages],
  )
}
