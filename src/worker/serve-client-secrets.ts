import { createFetchWith, holdsPlaceholder } from '../client/fetch-with.ts'
import { relayTransport, type RelayTransportOptions } from '../client/relay-transport.ts'
import { keyNames } from './key-names.ts'

/** What the worker sends through the relay, and where the relay is. */
export interface ClientSecretWorkerOptions extends RelayTransportOptions {
  /**
   * Names of keys by the origin that they belong to, such as `{ 'https://api.resend.com': 'resend' }`. The placeholder
   * alone names no key. Requests to other origins are none of the worker's business.
   */
  keys: Record<string, string>
  /**
   * Origins in `keys` whose `<img>`, `<audio>` and `<video>` go through the relay too. Content of other people, such as
   * comments in Markdown, can then spend these keys. Default: none, only calls of scripts.
   */
  media?: string[] | undefined
}

/** The part of a service worker's global object that is used. */
interface WorkerScope {
  skipWaiting: () => Promise<void>
  clients: { claim: () => Promise<void>; matchAll: () => Promise<{ id: string }[]> }
  addEventListener: <Name extends keyof WorkerEvents>(name: Name, listen: (event: WorkerEvents[Name]) => void) => void
}

interface WorkerEvent {
  waitUntil: (work: Promise<unknown>) => void
}

interface WorkerEvents {
  install: WorkerEvent
  activate: WorkerEvent
  message: WorkerEvent & { source: { id: string }; ports: readonly MessagePort[] }
  fetch: { request: Request; respondWith: (answer: Promise<Response>) => void }
}

const elements = /^(image|audio|video)$/

/** What Chromium writes into each request of a page, and no SDK means. */
const ofTheBrowser = /^(user-agent|sec-.*|upgrade-insecure-requests|dnt)$/

/**
 * Makes a service worker send requests of its pages through the relay: those to an origin in `keys` whose url or
 * headers hold `$CLIENT_SECRET`. They go the same way as those of `client.fetchWith`. All others stay as they are, also
 * those of elements such as `<img>`, unless `media` names their origin.
 *
 * @example
 * // The whole file of the worker.
 * serveClientSecrets({ relay: '/relay', keys: { 'https://api.resend.com': 'resend' } })
 *
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
export function serveClientSecrets({ keys, media = [], ...transport }: ClientSecretWorkerOptions): void {
  const scope = globalThis as unknown as WorkerScope
  const names = keyNames(keys)
  const fetchWith = createFetchWith(relayTransport(transport))

  scope.addEventListener('install', (event) => event.waitUntil(scope.skipWaiting()))
  scope.addEventListener('activate', (event) => event.waitUntil(scope.clients.claim()))
  // Of registerClientSecretWorker, in a page that was loaded past the worker.
  scope.addEventListener('message', (event) => {
    const [port] = event.ports
    if (port) event.waitUntil(claim(event.source.id).then((isClaimed) => port.postMessage(isClaimed)))
  })
  scope.addEventListener('fetch', (event) => {
    const { request } = event
    const { url, headers, destination, mode } = request
    const { origin } = new URL(url)
    const name = names.get(origin)
    // A call of a script has no destination. Nor has a prefetch or the ping of a link, but its mode is no-cors.
    const mayUse = destination ? media.includes(origin) && elements.test(destination) : mode !== 'no-cors'
    if (name === undefined || !mayUse) return
    if ([url.replaceAll('%24CLIENT', '$CLIENT'), ...headers.values()].some(holdsPlaceholder))
      event.respondWith(fetchWith(name)(request, { headers: ownHeaders(request) }))
  })

  async function claim(id: string): Promise<boolean> {
    await scope.clients.claim()
    return (await scope.clients.matchAll()).some((client) => client.id === id)
  }
}

function ownHeaders({ headers, destination }: Request): [string, string][] {
  const own = [...headers].filter(([name]) => !ofTheBrowser.test(name))
  // Players ask for parts, which the relay refuses. They take the whole, too.
  return destination ? own.filter(([name]) => name !== 'range') : own
}
