import type { SWRConfiguration } from 'swr'
import type { ClientCore } from '../client/create-core.ts'
import type { Method } from '../protocol/request.ts'

/** The prefix of our keys in the host's SWR cache, so that they never collide with the host's keys. */
export const keyPrefix = '$client-secret$'

let places = 0

/** A key for the data of one place in the tree. A counter, because a render may not use randomness. */
export function placeKey(client: ClientCore): string {
  return `${keyPrefix}${client.key}/#${++places}`
}

// Our hooks set every option that they depend on, because the host's `<SWRConfig>`
// would change it otherwise. We add no `<SWRConfig>` of our own, because it would
// change the options of the host's components.

/** For a hook without a fetcher, which shows stored data only. */
export const storeSettings = {
  // The host's fallback data belongs to its own keys.
  fallback: {},
  suspense: false,
  keepPreviousData: false,
} satisfies SWRConfiguration

const isBytes = (value: unknown) => value instanceof Blob || value instanceof ArrayBuffer || value instanceof Uint8Array

/** SWR's own defaults, independent of the host's. Written out, so that they are not in the bundle of a page without a query. */
export const ownSettings = {
  fallback: {},
  suspense: false,
  keepPreviousData: false,
  // A host that pauses its own fetching must not pause ours.
  isPaused: () => false,
  // Undefined: SWR decides by its cache.
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
  // By identity for Blobs and byte arrays, because SWR's comparison sees no difference between two of them.
  compare: (before: unknown, after: unknown) =>
    before === after || (!isBytes(before) && JSON.stringify(before) === JSON.stringify(after)),
} satisfies SWRConfiguration

/** A request that may cost money or change data is sent once, and again only on demand. */
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
