import type { SWRConfiguration } from 'swr'
import type { ClientCore } from '../client/create-core.ts'
import type { Method } from '../protocol/request.ts'

/** Before every key of ours in the host's SWR cache, so that we share it without meeting. */
export const keyPrefix = '$client-secret$'

let places = 0

/** A key for what one place in the tree stores. Counted, because a render may not throw dice. */
export function placeKey(client: ClientCore): string {
  return `${keyPrefix}${client.key}/#${++places}`
}

// Every option we rely on is set on the hook itself, because the host's
// `<SWRConfig>` would otherwise decide it for us; and none is set in a config of
// our own around the host's components, because that would decide it for them.

/** For a hook without a fetcher: it shows what is stored, and nothing else. */
export const storeSettings = {
  // Data that the host knows in advance are for its own keys.
  fallback: {},
  suspense: false,
  keepPreviousData: false,
} satisfies SWRConfiguration

const isBytes = (value: unknown) => value instanceof Blob || value instanceof ArrayBuffer || value instanceof Uint8Array

/** SWR's own defaults, whatever the host has made of them. Written out, so that a page without a query does not carry them. */
export const ownSettings = {
  fallback: {},
  suspense: false,
  keepPreviousData: false,
  // A host that pauses its own fetching must not freeze what we show.
  isPaused: () => false,
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
  // Data are compared by identity where SWR's comparison sees no difference: two Blobs, two byte arrays.
  compare: (before: unknown, after: unknown) =>
    before === after || (!isBytes(before) && JSON.stringify(before) === JSON.stringify(after)),
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
