import { ClientSecretError, type ErrorCode } from '../protocol/errors.ts'
import {
  fetchAnswerHeader,
  fetchRequestHeader,
  inFrontOfBody,
  maxHeaderJson,
  refusalOf,
  toAscii,
  type FetchAnswerHead,
  type FetchRefusalHead,
} from '../protocol/fetch.ts'
import { placeholder } from '../protocol/placeholder.ts'
import { randomId } from './random-id.ts'
import { errorFromWire } from './read-record.ts'
import type { Transport } from './transport.ts'

/** How a `fetch` of `fetchWith` treats what is none of the relay's business. */
export interface FetchWithOptions {
  /** What becomes of a call without `$CLIENT_SECRET` in its url, headers or text: the page's own fetch, or a refusal. Default `'native'`. */
  withoutPlaceholder?: 'native' | 'refuse' | undefined
}

/** Gives a `fetch` that makes its calls through the relay, with this key. */
export type FetchWith = (clientSecretName: string, options?: FetchWithOptions) => typeof fetch

/** The refusals that were answered, for `clientSecretErrorOf`. */
export const refusals = new WeakMap<object, ClientSecretError>()

/** Milliseconds in which an equal call is the same one, where nobody knows what became of the first. */
const joinedFor = 60_000
/** Of headers that differ between an SDK's first call and its next one. */
const countsRetries = /retry|attempt|timeout|telemetry/

export function createFetchWith(transport: Transport): FetchWith {
  const made = new Map<string, typeof fetch>()
  return (name, { withoutPlaceholder } = {}) => {
    const key = `${withoutPlaceholder} ${name}`
    const known = made.get(key)
    if (known) return known
    const one = fetchThrough(transport, name, withoutPlaceholder === 'refuse')
    made.set(key, one)
    return one
  }
}

function fetchThrough(transport: Transport, clientSecretName: string, refuses: boolean): typeof fetch {
  /** Calls of which nobody knows what became of them. What joins one is sent as it was, to the letter. */
  const lost = new Map<string, SentCall>()

  async function ownFetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const request = typeof input === 'object' && 'headers' in input ? input : undefined
    const { headers: givenHeaders, signal = null, redirect } = { ...(request && partsOf(request)), ...init }
    const url = (request?.url ?? `${input as string}`).replaceAll('%24CLIENT', '$CLIENT')
    if (![url, ...new Headers(givenHeaders).values(), init.body].some(holdsPlaceholder)) {
      // Looked up at each call, so that a fetch that is patched later is used.
      if (!refuses) return fetch(input, init)
      return refused('PLACEHOLDER_MISSING', `${url} is called without ${placeholder} in url or headers.`)
    }
    if (!transport.fetch) return refused('INVALID_PARAMETER', `${transport.name} has no fetch.`)
    // It collects every kind of body, and knows its content type. The signal is left out: it may be of another realm.
    const asked = new Request(request ?? url, { ...ownOf(init), signal: null, duplex: 'half' } as RequestInit)
    const { method } = asked
    const headers = Object.fromEntries(asked.headers)
    const bytes = new Uint8Array(await asked.arrayBuffer())
    signal?.throwIfAborted()
    const description = { clientSecretName, url: url.includes('://') ? url : asked.url, method, headers, redirect }
    for (const [one, { at }] of lost) if (Date.now() - at > joinedFor) lost.delete(one)
    const name = () => nameOf(method, url, headers, bytes)
    const before = lost.size > 0 ? lost.get(name()) : undefined
    const call = before ?? { idempotencyKey: randomId(), json: toAscii(description), bytes, at: 0 }
    const lose = () => void lost.set(name(), { ...call, at: Date.now() })
    const { idempotencyKey, json } = call
    const cancel = () => void transport.cancel(idempotencyKey).catch(() => {})
    signal?.addEventListener('abort', cancel)
    const over = () => signal?.removeEventListener('abort', cancel)

    const where = `POST ${transport.name}/fetch`
    let answer: Response
    try {
      const isLong = json.length > maxHeaderJson
      answer = await transport.fetch({
        headers: { [fetchRequestHeader]: isLong ? inFrontOfBody : btoa(json), 'idempotency-key': idempotencyKey },
        body: isLong ? new Blob([lengthOf(json), json, call.bytes]) : call.bytes,
        signal,
      })
    } catch (cause) {
      over()
      // As fetch does: an SDK knows its own signal.
      if (signal?.aborted) throw cause
      lose()
      // In the words of relay-transport.ts, so that a bundle has them once.
      const message = `${where} got no answer: ${String(cause)}. Check that the relay runs and allows this page in its option origins. The API may have acted.`
      throw new ClientSecretError('NETWORK_ERROR', message, { cause })
    }
    const head = answer.headers.get(fetchAnswerHeader)
    if (!head) {
      over()
      lose()
      const message = `${where} answered ${answer.status}, but not from the relay. Check that it runs at this address. The API may have acted.`
      return refused('UNAVAILABLE', message)
    }
    if (before) lost.delete(name())
    return responseOf(JSON.parse(atob(head)) as FetchAnswerHead, url, answer.body, over)
  }

  return Object.assign(ownFetch, { Response })
}

interface SentCall {
  /** Under which the relay knows it. */
  idempotencyKey: string
  json: string
  bytes: Uint8Array<ArrayBuffer>
  /** When it was lost. */
  at: number
}

function partsOf({ headers, signal, redirect }: Request): RequestInit {
  return { headers, signal, redirect }
}

/** What is the call's own, and not the way's to the relay. */
function ownOf({ method, headers, body }: RequestInit): RequestInit {
  return { ...(method && { method }), ...(headers && { headers }), ...(body !== undefined && { body }) }
}

// A short twin of readHeader in protocol/basic-auth.ts, which would cost each page 130 bytes more.
export function holdsPlaceholder(text: unknown): boolean {
  if (typeof text !== 'string') return false
  const [, basic] = /^Basic (.+)/i.exec(text) ?? []
  try {
    return text.includes(placeholder) || (basic !== undefined && atob(basic).includes(placeholder))
  } catch {
    return false
  }
}

function lengthOf({ length }: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array([length >>> 24, length >>> 16, length >>> 8, length])
}

/** The same for two calls that say the same, if for their counters and the boundary between the parts of a form. */
function nameOf(method: string, url: string, headers: Record<string, string>, bytes: Uint8Array): string {
  const { 'idempotency-key': own, 'content-type': type = '' } = headers
  if (own) return JSON.stringify([method, url, own])
  const said = Object.entries(headers).filter(([name]) => !countsRetries.test(name))
  const text = JSON.stringify([method, url, said]) + new TextDecoder('latin1').decode(bytes)
  const [, boundary] = /boundary="?([^";]+)/.exec(type) ?? []
  return boundary ? text.replaceAll(boundary, '') : text
}

/** What no Response has a body with. */
const bodiless = [204, 205, 304]

function responseOf(
  { error, ...head }: FetchAnswerHead & Partial<FetchRefusalHead>,
  url: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>> | string | null,
  over: () => void,
): Response {
  const isEmpty = bodiless.includes(head.status) || !body
  if (isEmpty) over()
  const passing = isEmpty || typeof body === 'string' ? body : body.pipeThrough(new TransformStream({ flush: over }))
  const response = new Response(isEmpty ? null : passing, head)
  Object.defineProperty(response, 'url', { value: url })
  if (error) refusals.set(response, errorFromWire(error, head.status))
  return response
}

/** Not thrown: an SDK would call again, and hide the sentence. */
function refused(code: ErrorCode, message: string): Response {
  const { head, body } = refusalOf({ code, message }, code === 'UNAVAILABLE' ? 424 : 400)
  return responseOf(head, '', body, () => {})
}
