import type { SWRConfiguration } from 'swr'

/** Before every key of ours in the host's SWR cache, so that we share it without meeting. */
export const keyPrefix = '$client-secret$'

/**
 * SWR is our store here, not our fetcher: it keeps the state of a request and
 * tells the components that show it. Every option we rely on is set on the hook
 * itself, because the host's `<SWRConfig>` would otherwise decide it for us.
 */
export const storeSettings = {
  // Nothing is fetched by SWR, so nothing may be revalidated, retried or refreshed.
  revalidateOnMount: false,
  revalidateIfStale: false,
  revalidateOnFocus: false,
  revalidateOnReconnect: false,
  refreshInterval: 0,
  shouldRetryOnError: false,
  // A host that pauses its own fetching must not freeze what we show.
  isPaused: () => false,
  // There is always a state: nothing to suspend for, nothing older to show instead.
  suspense: false,
  keepPreviousData: false,
  fallback: {},
} satisfies SWRConfiguration
