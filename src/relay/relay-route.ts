import type { RelayOptions } from './options.ts'
import { keepRelay } from './keep-relay.ts'

/** Answers a call: with a web-standard Request, or with an object that has one as `request`. */
export type RouteHandler = (given: Request | { request: Request }) => Promise<Response>

/** The exports of a route file. */
export interface RelayRoute {
  GET: RouteHandler
  POST: RouteHandler
  PUT: RouteHandler
  DELETE: RouteHandler
  OPTIONS: RouteHandler
  /** For React Router. */
  loader: RouteHandler
  /** For React Router. */
  action: RouteHandler
}

/**
 * A relay as the exports of a route file: of Next.js, Astro, TanStack Start or React Router.
 * It keeps one relay while a dev server reloads the file, as `keepRelay` does.
 *
 * @param name Identifies the relay. Each relay of a process needs its own: two routes with one name are one relay, with
 *   the keys and the `authenticate` of the later one. Default: `relayRoute`.
 *
 * @example
 * export const { GET, POST, PUT, DELETE } = relayRoute({
 *   keys: {
 *     openai: {
 *       secret: process.env.OPENAI_API_KEY,
 *       locked: false,
 *       allow: [{ url: 'https://api.openai.com/v1/**', methods: ['POST'] }],
 *     },
 *   },
 *   database: './relay.db',
 * })
 */
export function relayRoute(options: RelayOptions, name?: string): RelayRoute {
  const relay = keepRelay(name ?? 'relayRoute', options)
  const answer: RouteHandler = (given) => relay.fetch('request' in given ? given.request : given)
  return { GET: answer, POST: answer, PUT: answer, DELETE: answer, OPTIONS: answer, loader: answer, action: answer }
}
