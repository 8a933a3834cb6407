import { createRequest, type RequestObject, type RequestStart } from './create-request.ts'
import { createPoller, type Poller } from './poller.ts'
import { relayTransport, type RelayTransportOptions } from './relay-transport.ts'
import type { Transport } from './transport.ts'

/** Which server the client talks to, and who is signed in. */
export type ClientOptions = (RelayTransportOptions | { transport: Transport }) & {
  /** Who is signed in, by any id of yours: what is kept over a reload for one user is not found by the next. */
  user?: string | undefined
}

/** What a client is made of. The hooks use this and nothing more. */
export interface ClientCore {
  /** Differs for each client of a page, and so keeps apart what hooks store. Names server and user. */
  readonly key: string
  readonly transport: Transport
  readonly user: string | undefined
  /** Polls for all requests of this client. */
  readonly poller: Poller
  /** One request as an object: where it stands, and what can be done with it. Hooks and promises are made of it. */
  createRequest: (start: RequestStart) => RequestObject
}

/** How many clients this page has made. */
let made = 0

export function createCore(options: ClientOptions): ClientCore {
  const { user } = options
  const transport = 'transport' in options ? options.transport : relayTransport(options, user)
  const poller = createPoller(transport)
  return {
    // No randomness: a client may be made while a page is rendered.
    key: JSON.stringify([transport.name, user ?? null, ++made]),
    transport,
    user,
    poller,
    createRequest: (start) => createRequest({ transport, poller }, start),
  }
}
