import { createRequest, type RequestDeps, type RequestObject, type RequestStart } from './create-request.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import { createPoller, type Poller } from './poller.ts'
import { relayTransport, type RelayTransportOptions } from './relay-transport.ts'
import type { Transport } from './transport.ts'

/** The server of the client, and its user. */
export type ClientOptions = (RelayTransportOptions | { transport: Transport }) & {
  /** Your id of the signed-in user. Requests that persist are separate for each user. */
  user?: string | undefined
}

/** The parts of a client that hooks use. */
export interface ClientCore {
  /** Server, user and a number: unique among the clients of a page. */
  readonly key: string
  readonly transport: Transport
  readonly user: string | undefined
  /** Polls for all requests of this client. */
  readonly poller: Poller
  /** One request as an object, with its state and its actions. Hooks and promises use it. */
  createRequest: (start: RequestStart) => RequestObject
  /** Calls the listener with the first record of each request of this client, until the returned function is called. */
  onSent: (listener: (record: ClientSecretRecord) => void) => () => void
}

/** Number of clients of this page. */
let made = 0

export function createCore(options: ClientOptions): ClientCore {
  const { user } = options
  const transport = 'transport' in options ? options.transport : relayTransport(options, user)
  const poller = createPoller(transport)
  const listeners = new Set<(record: ClientSecretRecord) => void>()
  const deps: RequestDeps = { transport, poller, onSent: (record) => listeners.forEach((listen) => listen(record)) }
  return {
    // Without randomness: a render may make a client.
    key: JSON.stringify([transport.name, user ?? null, ++made]),
    transport,
    user,
    poller,
    createRequest: (start) => createRequest(deps, start),
    onSent(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
