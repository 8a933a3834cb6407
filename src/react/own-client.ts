import { createCore, type ClientCore } from '../client/create-core.ts'
import type { RelayTransportOptions } from '../client/relay-transport.ts'

/** What of a provider's props its client looks up when it calls. */
export type Credentials = Pick<RelayTransportOptions, 'headers' | 'fetch'>

/** The client of a provider. */
export interface OwnClient {
  client: ClientCore
  relay: string
  user: string | undefined
  /** Those of the owner's last render that is on the page; before there is an owner, of the last render. */
  credentials: Credentials
  /** The provider on the page that it belongs to. */
  owner: Owner | null
}

/**
 * Clients of providers that are rendered and not on the page. React throws such a
 * render away when something below suspends, and tries again: the next try finds
 * the same client here, and with it what was asked before.
 */
const waiting: { own: OwnClient; name: string; isInUse: boolean }[] = []
/** Whoever never comes back must not stay for ever. */
const maxWaiting = 50

/**
 * A client for a provider that is being rendered; the same one for each try.
 * Providers whose headers or fetch are functions of their own are told apart by
 * their order in a render. A server shares none between its renders.
 */
export function obtainClient(relay: string, user: string | undefined, credentials: Credentials): OwnClient {
  if (typeof window === 'undefined') return makeClient(relay, user, credentials)
  // Functions are new in each render, and stand in no JSON.
  const name = JSON.stringify([relay, user, credentials.headers])
  let found = waiting.find((one) => one.name === name && (!one.isInUse || isAlike(one.own.credentials, credentials)))
  if (!found) {
    found = { own: makeClient(relay, user, credentials), name, isInUse: false }
    waiting.push(found)
    if (waiting.length > maxWaiting) waiting.shift()
  }
  const { own } = found
  own.credentials = credentials
  found.isInUse = true
  queueMicrotask(() => (found.isInUse = false))
  return own
}

/** No call can tell which of the two it was sent with. */
function isAlike(one: Credentials, other: Credentials): boolean {
  return one.headers === other.headers && one.fetch === other.fetch
}

/** What a provider takes another client with; it differs for each of them. */
type Owner = (other: OwnClient) => void

/** The provider is on the page with this client: it belongs to it, where no other was first. */
export function claimClient(own: OwnClient, owner: Owner, credentials: Credentials): void {
  if (own.owner === null) {
    own.owner = owner
    const index = waiting.findIndex((one) => one.own === own)
    if (index >= 0) waiting.splice(index, 1)
  }
  if (own.owner === owner) own.credentials = credentials
}

/** Gives a provider a client of its own where it shares one with another that sends other headers. */
export function partClient(own: OwnClient, owner: Owner, credentials: Credentials): void {
  if (own.owner !== owner && !isAlike(own.credentials, credentials)) owner(makeClient(own.relay, own.user, credentials))
}

function makeClient(relay: string, user: string | undefined, credentials: Credentials): OwnClient {
  const own: Omit<OwnClient, 'client'> = { relay, user, credentials, owner: null }
  const client = createCore({
    relay,
    user,
    // Inline functions and objects are new in every render; looked up when a call is made, they make no new client.
    headers: () => {
      const { headers } = own.credentials
      return (typeof headers === 'function' ? headers() : headers) ?? {}
    },
    fetch: (...args) => (own.credentials.fetch ?? globalThis.fetch)(...args),
  })
  return Object.assign(own, { client })
}
