import { ClientSecretError } from '../protocol/errors.ts'
import { isPlain } from '../protocol/placeholder.ts'
import type {
  CancelAnswer,
  ClientSecretRecord,
  HistoryPage,
  PollAnswer,
  QueueCount,
  WireError,
} from '../protocol/record.ts'
import { readStorage, writeStorage } from './browser-storage.ts'
import { randomId } from './random-id.ts'
import { errorFromWire } from './read-record.ts'
import type { Transport } from './transport.ts'

/** Where the relay is, and how it is asked. */
export interface RelayTransportOptions {
  /** Where the relay is mounted: a path of this site (`/relay`) or an absolute url. */
  relay: string
  /** Sent along with every call, such as an Authorization header of your own site; a function is asked anew each time. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>) | undefined
  /** Instead of the global `fetch`, such as one that includes credentials. */
  fetch?: typeof globalThis.fetch | undefined
}

/** A poll that is silent this much longer than it may be held has lost its connection. Milliseconds. */
const pollGrace = 15_000

/** Talks to our relay over HTTP. The relay checks every request, so nothing is checked twice; but nothing is lost on the way. */
export function relayTransport({ relay, headers, fetch }: RelayTransportOptions, user?: string): Transport {
  if (typeof relay !== 'string' || !(relay.startsWith('/') || URL.canParse(relay)))
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `relay must be a path of this site such as "/relay", or an absolute url; it is ${relay}.`,
      { path: 'relay' },
    )
  const base = relay.replace(/\/+$/, '')
  const sessionKey = `react-client-secret:session:${JSON.stringify([base, user ?? null])}`
  let session: string | undefined

  /**
   * Who an anonymous visitor is: known to this client and the relay only, so
   * nobody else can read what it asked. Made for the first call, because a render
   * may neither read storage nor throw dice.
   */
  function ownSession(): string {
    return (session ??= readStorage('local', sessionKey) ?? readStorage('session', sessionKey) ?? randomId())
  }

  /** What every call says. */
  async function ownHeaders(): Promise<Record<string, string>> {
    const own = typeof headers === 'function' ? await headers() : headers
    return { ...own, 'client-session': ownSession() }
  }

  /** @param field One that every answer of the relay to this call has; another server's has not. */
  async function call<Answer>(field: keyof Answer & string, path: string, init: RequestInit = {}): Promise<Answer> {
    const { method = 'GET', signal } = init
    const where = `${method} ${base}${path.replace(/\?.*/, '')}`
    const own = await ownHeaders()
    // Also where it is sent again: its idempotency key makes it one call, and whether that was made is not known.
    const mayHaveActed = method === 'POST' ? ' The relay may have got the request, and the API may have acted.' : ''
    let response: Response
    let text: string
    try {
      // Looked up at each call, so that a fetch that is patched later is used.
      response = await (fetch ?? globalThis.fetch)(base + path, {
        ...init,
        headers: { ...own, accept: 'application/json', ...init.headers },
      })
      text = await response.text()
    } catch (cause) {
      if (signal?.aborted && (signal.reason as Error).name !== 'TimeoutError')
        throw new ClientSecretError('ABORTED', 'The request was aborted by its signal.', { cause })
      const message = `${where} got no answer: ${String(cause)}. Is the relay running, and does its option origins name this page's?${mayHaveActed}`
      throw new ClientSecretError('NETWORK_ERROR', message, { cause })
    }
    const { status } = response
    const answer = parsed(text)
    if (response.ok && field in answer) return answer as Answer
    if (answer.error?.message) throw errorFromWire(answer.error, status)
    throw new ClientSecretError(
      // A server in front of the relay that does not reach it just now.
      status >= 500 || status === 408 || status === 429 ? 'UNAVAILABLE' : 'INVALID_RESPONSE',
      `${where} answered ${status}, and not as the relay does. Is it running, and mounted at this address?${status >= 500 ? mayHaveActed : ''}`,
      { status, retryAfter: Number(response.headers.get('retry-after')) || undefined },
    )
  }

  return {
    name: base,
    isIdempotent: true,

    submit: (request, { idempotencyKey, signal = null }) =>
      call<ClientSecretRecord>('version', '/requests', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: toJson(request),
        signal,
      }),

    poll(seen, { wait, signal }) {
      const ids = seen.map(({ id, version }) => (version === undefined ? id : `${id}:${version}`)).join()
      return call<PollAnswer>('errors', `/requests?ids=${encodeURIComponent(ids)}&wait=${Math.round(wait)}`, {
        // Joined, not replaced: whichever comes first ends the call.
        signal: AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(wait) + pollGrace)]),
      })
    },

    history(filter, { signal = null }) {
      const given = Object.entries(filter).filter(([, value]) => value !== undefined) as [string, string][]
      return call<HistoryPage>('cursor', `/requests?${new URLSearchParams(given)}`, { signal })
    },

    cancel: (id) =>
      call<CancelAnswer>('removed', `/requests/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive: true }),

    queueCount: (queueName) => call<QueueCount>('inQueue', `/queues/${encodeURIComponent(queueName)}`),

    fetch: async ({ headers, ...init }) =>
      (fetch ?? globalThis.fetch)(`${base}/fetch`, {
        ...init,
        method: 'POST',
        headers: { ...(await ownHeaders()), ...headers },
      }),

    remember(where) {
      const known = readStorage(where, sessionKey)
      // Another tab was first: one browser is one visitor, unless we have asked for something as another already.
      if (known === null) writeStorage(where, sessionKey, ownSession())
      else session ??= known
    },
  }
}

/** What an answer says; nothing where it is not the JSON of an object. */
function parsed(text: string): { error?: WireError } {
  try {
    return Object(JSON.parse(text)) as object
  } catch {
    return {}
  }
}

/** JSON that says all that the request does: what it would leave out or change is refused, and its place named. */
function toJson(request: object): string {
  const paths = new Map<unknown, string>()
  let path = ''
  try {
    return JSON.stringify(request, function (this: unknown, name, value: unknown) {
      path = [paths.get(this), name].filter(Boolean).join('.')
      paths.set(value, path)
      if (isJson(value)) return value
      throw new TypeError(`it is ${typeof value === 'number' ? value : `a ${(value as object).constructor.name}`}`)
    })
  } catch (cause) {
    const message = `${path} cannot be sent as JSON: ${(cause as Error).message}.`
    throw new ClientSecretError('INVALID_PARAMETER', message, { path, cause })
  }
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  return Array.isArray(value) || isPlain(value)
}
