import { createCore, type ClientCore } from '../client/create-core.ts'
import type { RelayTransportOptions } from '../client/relay-transport.ts'

/** Props of a provider that its client reads for each call. */
export type Credentials = Pick<RelayTransportOptions, 'headers' | 'fetch'>

/** The client of a provider. */
export interface OwnClient {
  client: ClientCore
  /** Those of the owner's last committed render; without an owner, of the last render. */
  credentials: Credentials
  /** The mounted provider that owns the client, by its own `part` function. */
  owner: (() => void) | null
  name: string
  /** Taken in the current render. */
  isInUse: boolean
}

/**
 * Clients of providers that are rendered, but not mounted. When a component below
 * suspends, React discards the render and tries again. The next try finds the same
 * client here, with its earlier requests.
 */
const waiting = new Set<OwnClient>()
/** Bounds the clients of renders that never commit. */
const maxWaiting = 50

/**
 * Gives the client for a provider in render; the same one for each try. Order
 * tells providers with different `headers` or `fetch` functions apart. On a server,
 * renders share nothing.
 */
export function obtainClient(relay: string, user: string | undefined, credentials: Credentials): OwnClient {
  if (typeof window === 'undefined') return makeClient(relay, user, credentials, '')
  // Without functions: JSON leaves them out, and inline ones differ in each render.
  const name = JSON.stringify([relay, user, credentials.headers])
  let own = [...waiting].find((one) => one.name === name && (!one.isInUse || isAlike(one.credentials, credentials)))
  own ??= makeClient(relay, user, credentials, name)
  waiting.add(own)
  if (waiting.size > maxWaiting) waiting.delete([...waiting][0]!)
  own.credentials = credentials
  own.isInUse = true
  queueMicrotask(() => (own.isInUse = false))
  return own
}

/** With both, calls are the same. */
function isAlike(one: Credentials, other: Credentials): boolean {
  return one.headers === other.headers && one.fetch === other.fetch
}

/** Called in each commit of a provider: the first one owns the client. */
export function claimClient(own: OwnClient, owner: () => void, credentials: Credentials): void {
  own.owner ??= owner
  waiting.delete(own)
  if (own.owner === owner) own.credentials = credentials
}

/** Whether a provider shares its client with another one that sends other headers. */
export function isForeign(own: OwnClient, owner: () => void, credentials: Credentials): boolean {
  return own.owner !== owner && !isAlike(own.credentials, credentials)
}

function makeClient(relay: string, user: string | undefined, credentials: Credentials, name: string): OwnClient {
  const own = { credentials, owner: null, name, isInUse: false } as Omit<OwnClient, 'client'>
  const client = createCore({
    relay,
    user,
    // Inline functions differ in each render. The client reads them for each call, and stays the same.
    headers: () => {
      const { headers } = own.credentials
      return (typeof headers === 'function' ? headers() : headers) ?? {}
    },
    fetch: (...args) => (own.credentials.fetch ?? globalThis.fetch)(...args),
  })
  return Object.assign(own, { client })
}
