import { ClientSecretError } from '../protocol/errors.ts'
import {
  recordWithBytes,
  type CancelAnswer,
  type ClientSecretRecord,
  type HistoryPage,
  type PollAnswer,
  type QueueCount,
  type WireError,
} from '../protocol/record.ts'
import { readStorage, storageKey } from './browser-storage.ts'
import { randomId } from './random-id.ts'
import { errorFromWire } from './read-record.ts'
import { writeRequest } from './raw-body.ts'
import type { Transport } from './transport.ts'

/** The relay's address, and how to call it. */
export interface RelayTransportOptions {
  /** Address of the relay: a path of this site (`/relay`) or an absolute url. */
  relay: string
  /** Headers for every call, such as Authorization of your own site. A function runs for each call. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>) | undefined
  /** Replaces the global `fetch`, for example to include credentials. */
  fetch?: typeof globalThis.fetch | undefined
}

/** Talks to our relay over HTTP. The relay checks requests; the client refuses only values that JSON would lose. */
export function relayTransport({ relay, headers, fetch }: RelayTransportOptions, user?: string): Transport {
  if (typeof relay !== 'string' || !/^(\/|https?:\/\/\S+$)/i.test(relay))
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `relay must be a path such as "/relay" or an absolute http(s) url; it is ${relay}.`,
      { path: 'relay' },
    )
  const base = relay.replace(/\/+$/, '')
  const sessionKey = storageKey('session', base, user)
  let session: string | undefined

  /**
   * Identifies an anonymous visitor. Only this client and the relay know it. Made for
   * the first call: a render may use neither storage nor randomness.
   */
  function ownSession(): string {
    return (session ??= readStorage('local', sessionKey) ?? readStorage('session', sessionKey) ?? randomId())
  }

  /** What every call says. */
  async function ownHeaders(): Promise<Record<string, string>> {
    const own = typeof headers === 'function' ? await headers() : headers
    return { ...own, 'client-session': ownSession() }
  }

  /** @param field A field of the relay's answer, which answers of other servers lack. */
  async function call<Answer>(field: keyof Answer & string, path: string, init: RequestInit = {}): Promise<Answer> {
    const { method = 'GET', signal } = init
    const where = `${method} ${base}${path.replace(/\?.*/, '')}`
    const own = await ownHeaders()
    // Also after a repeat: the idempotency key makes it one call, but not a known one.
    const mayHaveActed = method === 'POST' ? ' The API may have acted.' : ''
    let response: Response
    let answer: { error?: WireError | undefined }
    try {
      // A fetch that is patched later counts too.
      response = await (fetch ?? globalThis.fetch)(base + path, {
        ...init,
        headers: { ...own, accept: `application/json, ${recordWithBytes}`, ...init.headers },
      })
      answer =
        response.headers.get('content-type') === recordWithBytes
          ? withBytes(await response.arrayBuffer())
          : parsed(await response.text())
    } catch (cause) {
      if (signal?.aborted) throw new ClientSecretError('ABORTED', 'The signal aborted the request.', { cause })
      const message = `${where} got no answer: ${String(cause)}. Check that the relay runs and allows this page in its option origins.${mayHaveActed}`
      throw new ClientSecretError('NETWORK_ERROR', message, { cause })
    }
    const { status } = response
    if (response.ok && field in answer) return answer as Answer
    if (answer.error?.message) throw errorFromWire(answer.error, status)
    throw new ClientSecretError(
      // From a server in front of the relay.
      status >= 500 || status === 408 || status === 429 ? 'UNAVAILABLE' : 'INVALID_RESPONSE',
      `${where} answered ${status}, but not from the relay. Check that it runs at this address.${status >= 500 ? mayHaveActed : ''}`,
      { status, retryAfter: Number(response.headers.get('retry-after')) || undefined },
    )
  }

  return {
    name: base,
    isIdempotent: true,

    async submit(request, { idempotencyKey, signal = null }) {
      const { headers, body } = writeRequest(request)
      return call<ClientSecretRecord>('version', '/requests', {
        method: 'POST',
        headers: { ...headers, 'idempotency-key': idempotencyKey },
        body,
        signal,
      })
    },

    poll(seen, { wait, signal }) {
      const ids = seen.map(({ id, version }) => (version === undefined ? id : `${id}:${version}`)).join()
      return call<PollAnswer>('errors', `/requests?ids=${encodeURIComponent(ids)}&wait=${Math.round(wait)}`, { signal })
    },

    history(filter, { signal = null }) {
      const given = Object.entries(filter).filter(([, value]) => value !== undefined) as [string, string][]
      return call<HistoryPage>('cursor', `/requests?${new URLSearchParams(given)}`, { signal })
    },

    cancel: (id) =>
      call<CancelAnswer>('removed', `/requests/${encodeURIComponent(id)}`, { method: 'DELETE', keepalive: true }),

    queueCount: (queueName) => call<QueueCount>('inQueue', `/queues/${encodeURIComponent(queueName)}`),

    fetch: async ({ headers, path = '/fetch', ...init }) =>
      (fetch ?? globalThis.fetch)(base + path, {
        method: 'POST',
        ...init,
        headers: { ...(await ownHeaders()), ...headers },
      }),

    session: (known) => (session ??= known ?? ownSession()),
  }
}

function withBytes(received: ArrayBuffer): ClientSecretRecord {
  const end = 4 + new DataView(received).getUint32(0)
  const record = JSON.parse(new TextDecoder().decode(received.slice(4, end))) as ClientSecretRecord
  record.response!.bytes = new Uint8Array(received.slice(end))
  return record
}

/** An empty object for a text that is not a JSON object. */
function parsed(text: string): { error?: WireError } {
  try {
    return Object(JSON.parse(text)) as object
  } catch {
    return {}
  }
}
