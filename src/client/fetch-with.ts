import type { ClientSecretError, ErrorCode } from '../protocol/errors.ts'
import { inFrontOfBody, maxHeaderJson, refusalOf, toAscii } from '../protocol/fetch.ts'
import { placeholder } from '../protocol/placeholder.ts'
import { callFetch, type FetchAnswer, type FetchCall } from './call-fetch.ts'
import { onAbort } from './on-abort.ts'
import { randomId } from './random-id.ts'
import { errorFromWire } from './read-record.ts'
import type { ClientSecretName } from './registered-keys.ts'
import type { Transport } from './transport.ts'

/** Options of `fetchWith`. */
export interface FetchWithOptions {
  /** For a call without `$CLIENT_SECRET` in its url, headers or text: `'native'` uses the page's own fetch, `'refuse'` refuses it. Default `'native'`. */
  withoutPlaceholder?: 'native' | 'refuse' | undefined
}

/** Returns a `fetch` that makes its calls through the relay, with this key. */
export type FetchWith = (clientSecretName: ClientSecretName, options?: FetchWithOptions) => typeof fetch

/** The errors of refused calls, for `clientSecretErrorOf`. */
export const refusals = new WeakMap<object, ClientSecretError>()

/** Milliseconds in which an equal call repeats an earlier one, if the outcome of that one is unknown. */
const joinedFor = 60_000
/** Names of headers that differ between an SDK's first call and its retries. */
const countsRetries = /retry|attempt|timeout|telemetry|^trace/

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
  /** Calls with an unknown outcome. A retry sends the first call again, byte for byte. */
  const lost = new Map<string, SentCall>()

  async function ownFetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const request = typeof input === 'object' && 'headers' in input ? input : undefined
    const { headers: givenHeaders, signal = null, redirect } = { ...(request && partsOf(request)), ...init }
    const url = (request?.url ?? `${input as string}`).replaceAll('%24CLIENT', '$CLIENT')
    if (![url, ...new Headers(givenHeaders).values(), init.body].some(holdsPlaceholder)) {
      // Looked up at each call, so that a later patch of fetch takes effect.
      if (!refuses) return fetch(input, init)
      return refused('PLACEHOLDER_MISSING', `The call of ${url} has no ${placeholder} in url or headers. Add it.`)
    }
    if (!transport.fetch) return refused('INVALID_PARAMETER', `${transport.name} has no fetch.`)
    // A Request reads every kind of body, and sets its content type. Without the signal, which may come from another realm.
    const asked = new Request(request ?? url, { ...ownOf(init), signal: null, duplex: 'half' } as RequestInit)
    const { method } = asked
    const headers = Object.fromEntries(asked.headers)
    const bytes = new Uint8Array(await asked.arrayBuffer())
    signal?.throwIfAborted()
    const description = { clientSecretName, url: url.includes('://') ? url : asked.url, method, headers, redirect }
    for (const [one, { at }] of lost) if (Date.now() - at > joinedFor) lost.delete(one)
    const name = () => nameOf(method, url, headers, bytes)
    const before = lost.size > 0 ? lost.get(name()) : undefined
    const json = toAscii(JSON.stringify(description))
    const isLong = json.length > maxHeaderJson
    const call = before ?? {
      idempotencyKey: randomId(),
      header: isLong ? inFrontOfBody : btoa(json),
      body: isLong ? new Blob([lengthOf(json), json, bytes]) : bytes,
      at: 0,
    }
    const lose = () => void lost.set(name(), { ...call, at: Date.now() })
    const over = onAbort(signal, () => void transport.cancel(call.idempotencyKey).catch(() => {}))

    const answer = await callFetch(transport, call, signal).catch((error: unknown) => {
      over()
      if (!signal?.aborted) lose()
      throw error
    })
    if (answer.isLost) lose()
    else if (before) lost.delete(name())
    return responseOf(answer.head, url, answer.body, over)
  }

  return Object.assign(ownFetch, { Response })
}

interface SentCall extends FetchCall {
  /** The time at which its answer was lost. */
  at: number
}

function partsOf({ headers, signal, redirect }: Request): RequestInit {
  return { headers, signal, redirect }
}

/** The fields of the API call, without those for the way to the relay. */
function ownOf({ method, headers, body }: RequestInit): object {
  // A Request takes undefined as absent.
  return { method, headers, body }
}

// A short form of readHeader in protocol/basic-auth.ts, which would add 130 bytes to each page.
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

/** The same text for equal calls. Ignores retry counters and the boundary of a form. */
function nameOf(method: string, url: string, headers: Record<string, string>, bytes: Uint8Array): string {
  const { 'idempotency-key': own, 'content-type': type = '' } = headers
  if (own) return JSON.stringify([method, url, own])
  const said = Object.entries(headers).filter(([name]) => !countsRetries.test(name))
  const text = JSON.stringify([method, url, said]) + new TextDecoder('latin1').decode(bytes)
  const [, boundary] = /boundary="?([^";]+)/.exec(type) ?? []
  return boundary ? text.replaceAll(boundary, '') : text
}

/** Statuses of a Response without a body. */
const bodiless = [204, 205, 304]

function responseOf(
  { error, ...head }: FetchAnswer['head'],
  url: string,
  body: FetchAnswer['body'],
  over: () => void,
): Response {
  const given = bodiless.includes(head.status) ? null : body
  const isWhole = !given || typeof given === 'string'
  if (isWhole) over()
  const passing = isWhole ? given : given.pipeThrough(new TransformStream({ flush: over }))
  const response = new Response(passing, head)
  Object.defineProperty(response, 'url', { value: url })
  if (error) refusals.set(response, errorFromWire(error, head.status))
  return response
}

/** Returned, not thrown: an SDK would retry after a thrown error, and hide its message. */
function refused(code: ErrorCode, message: string): Response {
  const { head, body } = refusalOf({ code, message }, 400)
  return responseOf(head, '', body, () => {})
}
