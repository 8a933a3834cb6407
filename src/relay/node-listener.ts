import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Relay } from './create-relay.ts'

/**
 * A relay as a listener of `node:http`, and as a middleware of Express: `app.use('/relay', nodeListener(relay))`.
 * Mount it before parsers of bodies, which would leave no body for the relay.
 */
export function nodeListener(relay: Relay): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
  return getRequestListener((request) => relay.fetch(request))
}
