import type { ClientSecretRecord } from '../protocol/record.ts'
import type { Poller } from './poller.ts'
import { relayTransport, type RelayTransportOptions } from './relay-transport.ts'
import type { Transport } from './transport.ts'

/** The server of the client, and its user. */
export type ClientOptions = (RelayTransportOptions | { transport: Transport }) & {
  /** Your id of the signed-in user. Requests that persist are separate for each user. */
  user?: string | undefined
}

/** What the requests of a client share. A page of streams alone loads no poller. */
interface SharedByRequests {
  poller?: Poller
  /** Called with the first record of each request. */
  listeners: Set<(record: ClientSecretRecord) => void>
}

/** The parts of a client that hooks use. */
export interface ClientCore {
  /** Server, user and a number: unique among the clients of a page. */
  readonly key: string
  readonly transport: Transport
  readonly user: string | undefined
  readonly shared: SharedByRequests
  /** Calls the listener with the first record of each request of this client, until the returned function is called. */
  onSent: (listener: (record: ClientSecretRecord) => void) => () => void
}

/** Number of clients of this page. */
let made = 0

export function createCore(options: ClientOptions): ClientCore {
  const { user } = options
  const transport = 'transport' in options ? options.transport : relayTransport(options, user)
  const listeners: SharedByRequests['listeners'] = new Set()
  return {
    // Without randomness: a render may make a client.
    key: JSON.stringify([transport.name, user, ++made]),
    transport,
    user,
    shared: { listeners },
    onSent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
