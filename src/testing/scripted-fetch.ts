import { errorFromWire } from '../client/read-record.ts'
import type { Transport } from '../client/transport.ts'
import { errorStatus } from '../protocol/error-codes.ts'
import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import {
  fetchAnswerHeader,
  fetchRequestHeader,
  inFrontOfBody,
  refusalOf,
  toAscii,
  type FetchAnswerHead,
  type FetchDescription,
} from '../protocol/fetch.ts'
import { isOfConnection } from '../protocol/owned-headers.ts'
import { isSettled, type ClientSecretRecord } from '../protocol/record.ts'
import { bodyFormat, type ClientSecretRequest } from '../protocol/request.ts'
import { bytesFrom, type Piece } from './answers.ts'
import { absence, type Entry } from './records.ts'
import { bytesOf } from './stream-answers.ts'

type Fetch = NonNullable<Transport['fetch']>
type Signal = AbortSignal | undefined

/** The parts of the scripted relay that its `fetch` uses. */
export interface FetchParts {
  /** The entry of a request with this idempotency key: the earlier one, or a new one. Throws the relay's refusal. */
  enter: (request: () => Promise<ClientSecretRequest>, idempotencyKey: string, signal: Signal) => Promise<Entry>
  /** Finds an entry by its id. Throws if there is none. */
  find: (id: string, signal: Signal) => Promise<Entry>
  toWire: (entry: Entry) => ClientSecretRecord
  /** Checks the connection to the relay. */
  checkWay: (signal: Signal) => void
  /** Waits for a change of any entry, and checks the connection. */
  nextChange: (signal: Signal) => Promise<void>
}

/** The relay's `POST /fetch`, and its `GET /requests/:id/stream` for kept answers. */
export function scriptedFetch({ enter, find, toWire, checkWay, nextChange }: FetchParts): Fetch {
  async function headOf(entry: Entry, isKept: boolean, signal: Signal): Promise<FetchAnswerHead> {
    while (!entry.head && !isSettled(entry)) {
      if (isKept && entry.status === 'pending')
        return { status: 202, statusText: '', headers: {}, id: entry.id, waiting: toWire(entry) }
      await nextChange(signal)
    }
    const { id, outcome, status } = entry
    const gone = absence(entry)
    const head = entry.head ?? outcome.response
    if (head && !gone) return { status: head.status, statusText: '', headers: head.headers, id }
    if (status === 'cancelled')
      throw new ClientSecretError('CANCELLED', 'The request was cancelled.', { requestId: id })
    throw errorFromWire({ requestId: id, ...(gone ?? outcome.error!) })
  }

  /**
   * The body from a byte on.
   *
   * @param isKept The end of a kept answer has no error: its record says how it ended.
   */
  function bodyOf(entry: Entry, after: number, isKept: boolean, signal: Signal): ReadableStream<Uint8Array> {
    let at = 0
    let skip = after
    async function next(): Promise<Uint8Array | undefined> {
      for (;;) {
        checkWay(signal)
        const piece = piecesOf(entry)[at]
        if (piece !== undefined) {
          at += 1
          const bytes = bytesOf([piece])
          const fresh = bytes.subarray(skip)
          skip = Math.max(0, skip - bytes.length)
          if (fresh.length > 0) return fresh
        } else if (!isSettled(entry)) await nextChange(signal)
        else if (isKept || entry.outcome.response) return undefined
        else throw new TypeError('The relay broke the answer off.')
      }
    }
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          try {
            const bytes = await next()
            if (bytes) controller.enqueue(bytes)
            else controller.close()
          } catch (error) {
            controller.error(signal?.aborted ? signal.reason : error)
          }
        },
      },
      { highWaterMark: 0 },
    )
  }

  return async ({ path = '', headers, body, signal: given }) => {
    const signal = given ?? undefined
    const [, keptId, after] = /^\/requests\/(.+)\/stream\?after=(\d+)$/.exec(path) ?? []
    try {
      const entry = keptId
        ? await find(decodeURIComponent(keptId), signal)
        : await enter(() => requestOf(headers[fetchRequestHeader]!, body), headers['idempotency-key']!, signal)
      const head = await headOf(entry, keptId !== undefined, signal)
      if (head.waiting) return answered(head, '')
      return answered(head, bodyOf(entry, Number(after ?? 0), keptId !== undefined, signal))
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason
      const error = asClientSecretError(thrown)
      // There is no answer at all.
      if (error.code === 'NETWORK_ERROR') throw error
      const { code, message, path, requestId, retryAfter, status } = error
      const refusal = refusalOf({ code, message, path, requestId, retryAfter, status }, errorStatus[code])
      return answered(refusal.head, refusal.body)
    }
  }
}

function answered(head: FetchAnswerHead, body: BodyInit): Response {
  return new Response(body, { headers: { [fetchAnswerHeader]: btoa(toAscii(JSON.stringify(head))) } })
}

/** The pieces of a streamed answer so far, or the one of any other answer. */
function piecesOf({ head, pieces, outcome: { response } }: Entry): Piece[] {
  if (head || !response) return pieces
  return [response.encoding ? bytesFrom(response.body) : response.body]
}

/** The request as a relay reads it: its description, and the body of `fetchWith` as its data. */
async function requestOf(header: string, body: BodyInit | undefined): Promise<ClientSecretRequest> {
  // A Blob of jsdom is none of Response's.
  const source = typeof body === 'object' && 'arrayBuffer' in body ? body : new Response(body)
  const bytes = new Uint8Array(await source.arrayBuffer())
  const isInFront = header === inFrontOfBody
  const end = isInFront ? 4 + new DataView(bytes.buffer).getUint32(0) : 0
  const json = isInFront ? new TextDecoder().decode(bytes.subarray(4, end)) : atob(header)
  const { keep: _keep, redirect: _redirect, ...request } = JSON.parse(json) as FetchDescription
  const headers = Object.fromEntries(Object.entries(request.headers ?? {}).filter(([name]) => !isOfConnection(name)))
  const text = new TextDecoder().decode(bytes.subarray(end))
  return { ...request, headers, ...(text && { data: bodyFormat(headers) === 'json' ? parsed(text) : text }) }
}

/** The object or the list of a JSON text; every other text as it is. */
function parsed(text: string): NonNullable<ClientSecretRequest['data']> {
  try {
    const value = JSON.parse(text) as object | null
    return typeof value === 'object' && value !== null ? (value as Record<string, never>) : text
  } catch {
    return text
  }
}
