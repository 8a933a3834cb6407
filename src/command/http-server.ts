import type { Server } from 'node:http'
import { createAdaptorServer } from '@hono/node-server'

/**
 * How long an idle connection stays open, in milliseconds. Longer than proxies keep theirs (AWS and nginx
 * 60 s, Traefik 90 s, Caddy 120 s): who closes first must be the proxy. Otherwise it may send a request on a connection
 * that the server is just closing, and a POST that is lost so is not repeated. Node's default is 5 s.
 */
const keepAliveTimeout = 125_000

/** The HTTP server of `serve` and of the attack. It does not listen yet. */
export function createHttpServer(fetch: (request: Request) => Response | Promise<Response>): Server {
  const server = createAdaptorServer({ fetch }) as Server
  server.keepAliveTimeout = keepAliveTimeout
  return server
}
