import type { ZodMiniType } from 'zod/mini'
import { ClientSecretError } from '../protocol/errors.ts'
import { shown } from '../protocol/request.ts'
import {
  cancelAnswerSchema,
  errorAnswerSchema,
  historyPageSchema,
  pollAnswerSchema,
  queueCountSchema,
  recordSchema,
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

/** Talks to our relay over HTTP. */
export function relayTransport(options: RelayTransportOptions, user?: string): Transport {
  const base = baseOf(options.relay)
  const sessionKey = `react-client-secret:session:${JSON.stringify([base, user ?? null])}`
  // Who an anonymous visitor is: known to this client and the relay only, so
  // nobody else can read what it asked.
  let session = readStorage('local', sessionKey) ?? readStorage('session', sessionKey) ?? randomId()
  let isUsed = false

  async function call<Answer>(schema: ZodMiniType<Answer>, path: string, init: RequestInit): Promise<Answer> {
    const where = `${init.method ?? 'GET'} ${base}${path.replace(/\?.*/, '')}`
    let response: Response
    let text: string
    isUsed = true
    const own = await ownHeaders(options.headers)
    try {
      // Looked up at each call, so that a fetch that is patched later is used.
      response = await (options.fetch ?? globalThis.fetch)(`${base}${path}`, {
        ...init,
        headers: {
          ...own,
          'client-session': session,
          accept: 'application/json',
          ...(init.headers as Record<string, string> | undefined),
        },
      })
      text = await response.text()
    } catch (cause) {
      if (init.signal?.aborted && isAbort(init.signal.reason)) {
        throw new ClientSecretError('ABORTED', 'The request was aborted by its signal.', { cause })
      }
      throw new ClientSecretError(
        'NETWORK_ERROR',
        `${where} got no answer: ${cause instanceof Error ? cause.message : String(cause)}. Is the relay running and reachable from here? If it is on another site than this page, its option origins must name this page's.`,
        { cause },
      )
    }
    return readAnswer(schema, where, response, text)
  }

  return {
    name: base,
    isIdempotent: true,

    submit: (request, { idempotencyKey, signal }) =>
      call(recordSchema, '/requests', {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: toJson(request),
        signal: signal ?? null,
      }),

    poll: (seen, { wait, signal }) => {
      const ids = seen.map(({ id, version }) => (version === undefined ? id : `${id}:${version}`)).join(',')
      return call(pollAnswerSchema, `/requests?ids=${encodeURIComponent(ids)}&wait=${Math.round(wait)}`, {
        // Joined, not replaced: whichever comes first ends the call.
        signal: AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(wait) + pollGrace)]),
      })
    },

    history: (filter, { signal }) => {
      const given = Object.entries(filter).filter((entry) => entry[1] !== undefined)
      const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)]))
      return call(historyPageSchema, `/requests?${query}`, { signal: signal ?? null })
    },

    cancel: (id) => call(cancelAnswerSchema, `/requests/${encodeURIComponent(id)}`, { method: 'DELETE' }),

    remember(where) {
      const known = readStorage(where, sessionKey)
      // Another tab was first: one browser is one visitor, unless we have asked for something as another already.
      if (known === null) writeStorage(where, sessionKey, session)
      else if (!isUsed) session = known
    },

    queueCount: (queueName) => call(queueCountSchema, `/queues/${encodeURIComponent(queueName)}`, {}),
  }
}

function baseOf(relay: unknown): string {
  if (typeof relay === 'string' && (relay.startsWith('/') || URL.canParse(relay))) return relay.replace(/\/+$/, '')
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `relay must be where the relay is mounted: a path of this site such as "/relay", or an absolute url; it is ${shown(relay)}.`,
    { path: 'relay' },
  )
}

async function ownHeaders(headers: RelayTransportOptions['headers']): Promise<Record<string, string> | undefined> {
  if (typeof headers !== 'function') return headers
  try {
    return await headers()
  } catch (cause) {
    throw new ClientSecretError(
      'INTERNAL',
      `The function headers, given to the provider or to createClient, threw: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  }
}

function isAbort(reason: unknown): boolean {
  return !(reason instanceof Error && reason.name === 'TimeoutError')
}

function toJson(request: object): string {
  try {
    return JSON.stringify(request)
  } catch (cause) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `data cannot be written as JSON: ${cause instanceof Error ? cause.message : String(cause)}. Send plain objects, lists, strings, numbers, booleans and null.`,
      { path: 'data', cause },
    )
  }
}

function readAnswer<Answer>(schema: ZodMiniType<Answer>, where: string, response: Response, text: string): Answer {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // Told below, with what came instead.
  }
  if (response.ok) {
    const answer = schema.safeParse(json)
    if (answer.success) return answer.data
  } else {
    const answer = errorAnswerSchema.safeParse(json)
    if (answer.success) throw errorFromWire(answer.data.error, response.status)
    if (response.status >= 500 || response.status === 408 || response.status === 429) {
      const retryAfter = Number(response.headers.get('retry-after')) || undefined
      throw new ClientSecretError(
        'UNAVAILABLE',
        `${where} answered ${response.status} with something that is not the relay's: a server in front of it does not reach it just now.`,
        { status: response.status, retryAfter },
      )
    }
  }
  throw new ClientSecretError(
    'INVALID_RESPONSE',
    `${where} answered ${response.status} ${response.headers.get('content-type') ?? 'without a content type'}, which is not an answer of the relay. Is the relay mounted at this address?`,
    { status: response.status },
  )
}
