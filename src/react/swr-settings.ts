import type { SWRConfiguration } from 'swr'
import type { Client } from '../client/create-client.ts'
import type { Method } from '../protocol/request.ts'

/** Before every key of ours in the host's SWR cache, so that we share it without meeting. */
export const keyPrefix = '$client-secret$'

let places = 0

/** A key for what one place in the tree stores. Counted, because a render may not throw dice. */
export function placeKey(client: Client): string {
  return `${keyPrefix}${client.key}/#${++places}`
}

// Every option we rely on is set on the hook itself, because the host's
// `<SWRConfig>` would otherwise decide it for us; and none is set in a config of
// our own around the host's components, because that would decide it for them.

/** SWR's own defaults, whatever the host has made of them. A hook without a fetcher only shows what is stored. */
export const ownSettings = {
  // A host that pauses its own fetching must not freeze what we show.
  isPaused: () => false,
  // Data that the host knows in advance are for its own keys.
  fallback: {},
  // Decided by what is cached.
  revalidateOnMount: undefined as unknown as boolean,
  revalidateIfStale: true,
  revalidateOnFocus: true,
  revalidateOnReconnect: true,
  refreshInterval: 0,
  refreshWhenHidden: false,
  refreshWhenOffline: false,
  dedupingInterval: 2_000,
  focusThrottleInterval: 5_000,
  errorRetryInterval: 5_000,
  shouldRetryOnError: true,
  suspense: false,
  keepPreviousData: false,
  // Data are compared by identity where SWR's comparison sees no difference: two Blobs, two byte arrays.
  compare: (before: unknown, after: unknown) =>
    before === after || (!(before instanceof Uint8Array) && JSON.stringify(before) === JSON.stringify(after)),
} satisfies SWRConfiguration

/** A request that may cost money or change something is sent once, and again only when it is asked for. */
export function settingsFor(method: Method): SWRConfiguration {
  if (method === 'GET') return ownSettings
  return {
    ...ownSettings,
    revalidateIfStale: false,
    revalidateOnFocus: false,
    revalidateOnReconnect: false,
    shouldRetryOnError: false,
  }
}
