import { isUtf8 } from 'node:buffer'
import type { Context } from 'hono'
import { ClientSecretError } from '../../protocol/errors.ts'
import { fetchRequestHeader, inFrontOfBody, type FetchDescription } from '../../protocol/fetch.ts'
import { isOfConnection } from '../../protocol/owned-headers.ts'
import { placeholder } from '../../protocol/placeholder.ts'
import { bodyFormat, headerOf, type ClientSecretRequest, type JsonObject } from '../../protocol/request.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { sizeOfValues } from '../common/json-text.ts'
import type { ReadLimits } from '../common/relay-limits.ts'
import { placeholderInBody } from '../keys/raw-body-check.ts'
import { announcedSize, isLarge, parseJson, readBytes, tooLarge } from './json-body.ts'
import { openUpload, type Upload } from './upload.ts'

/** A call whose header describes it, with a raw body. */
export interface DescribedCall {
  /** `parseRequest` checks it. */
  request: Record<string, unknown>
  redirect: NonNullable<FetchDescription['redirect']>
  /** Whether the relay keeps the answer's bytes. */
  keep: boolean
  /** Null if the request has `data`, or no body. A multipart form can have both. */
  body: Uint8Array | Upload | null
  /** Bytes; 0 for an upload of unknown size. */
  size: number
  /** What a repeat has in common with the call. */
  content: readonly (string | Uint8Array)[]
}

const fields: readonly (keyof FetchDescription)[] = [
  'clientSecretName',
  'url',
  'method',
  'headers',
  'data',
  'formArrays',
  'params',
  'expires',
  'keep',
  'redirect',
]
const redirects = ['follow', 'manual', 'error'] as const

/** A page of another site needs a CORS preflight to send this header. */
export function checkFetch(context: Context): void {
  if (context.req.header(fetchRequestHeader)) return
  throw invalid(
    `The fetch has no ${fetchRequestHeader} header that describes it. Use client.fetchWith, which sends one.`,
    `headers.${fetchRequestHeader}`,
  )
}

interface Reading {
  limits: Pick<ReadLimits, 'requestBytes' | 'uploadBytes'>
  room: Room
  /** A fetch has fields of its own. The body of a request is its `data`, and the browser wrote its content type. */
  isFetch: boolean
}

/**
 * Reads a described call. A large body that is neither JSON nor a urlencoded form stays unread, and passes through.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` or `REQUEST_TOO_LARGE`
 */
export async function readDescribed({ req }: Context, { limits, room, isFetch }: Reading): Promise<DescribedCall> {
  const { raw } = req
  const { requestBytes } = limits
  const header = req.header(fetchRequestHeader)!
  const parse = (text: string) => {
    // Before the objects exist.
    room.demand(sizeOfValues(text))
    return parseJson(text)
  }
  const read = (json: string) => described(parse(json), isFetch ? undefined : req.header('content-type'), isFetch)
  if (isLarge(req, limits)) {
    const announced = announcedSize(raw.headers)
    if (header !== inFrontOfBody) {
      const call = read(fromBase64(header))
      if (passesThrough(call.request)) {
        const body = openUpload(raw, limits.uploadBytes)
        return { ...call, body, size: announced ?? 0, content: [header, String(announced)] }
      }
    }
    if (announced !== null) tooLarge(requestBytes)
    room.demand(requestBytes)
  }
  const bytes = await readBytes(raw, requestBytes)
  const { json, rest } = parts(header, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const call = { ...read(json), size: bytes.length, content: [header, bytes] }
  const { request } = call
  if (rest.length === 0) return { ...call, body: null }
  const headers = request['headers'] as Record<string, string> | undefined
  if (request['data'] !== undefined && bodyFormat(headers) !== 'multipart')
    throw invalid('A call has either data in its description or a body, unless it is a multipart form.', 'data')
  if (!isFetch && bodyFormat(headers) === 'form' && isUtf8(rest))
    return { ...call, request: { ...request, ...formIn(rest.toString()) }, body: null }
  if (!rest.includes(placeholder)) return { ...call, body: rest }
  const isJson = bodyFormat(headers) === 'json' && (isFetch || headerOf(headers, 'content-type') !== undefined)
  if (!isJson) throw placeholderInBody(isFetch ? 'body' : 'data')
  return { ...call, request: { ...request, data: parse(rest.toString()) }, body: null }
}

/** Fields of a form with a placeholder. No API needs more. */
const maxFields = 1_000

/** The `data` of a written form: its text, or its fields if one may contain a placeholder. */
function formIn(text: string): Pick<ClientSecretRequest, 'data' | 'formArrays'> {
  if (!/(\$|%24)CLIENT_SECRET/.test(text)) return { data: text }
  // Counted before it is parsed.
  if (text.split('&', maxFields + 1).length > maxFields)
    throw invalid(`A form with ${placeholder} has at most ${maxFields} fields. Send fewer, or an object.`, 'data')
  const values = new URLSearchParams(text)
  const fields = [...new Set(values.keys())].map((name) => [name, values.getAll(name)] as const)
  const data = Object.fromEntries(fields.map(([name, all]) => [name, all.length > 1 ? all : all[0]]))
  return { data, formArrays: 'repeat' }
}

/** The fields of a description. */
function described(
  description: unknown,
  typeOfBody: string | undefined,
  isFetch: boolean,
): Pick<DescribedCall, 'request' | 'redirect' | 'keep'> {
  if (typeof description !== 'object' || description === null)
    throw invalid('The description of a call must be an object.')
  const unknown = isFetch && Object.keys(description).find((name) => !fields.some((field) => field === name))
  if (unknown === 'queue' || unknown === 'poll') {
    throw invalid(
      `A fetch has no field "${unknown}": it runs at once, and its answer comes as the API writes it. Leave ${unknown} out, or use useClientSecretStream or createStream, which send a stream with ${unknown} to POST /requests.`,
      unknown,
    )
  }
  if (typeof unknown === 'string') {
    throw invalid(
      `A fetch has no field "${unknown.slice(0, 60)}". The fields are ${fields.join(', ')}.`,
      unknown.slice(0, 60),
    )
  }
  if (!isFetch) return { request: withType(description as JsonObject, typeOfBody), redirect: 'follow', keep: false }
  const {
    redirect = 'follow',
    keep = false,
    ...request
  } = description as Partial<Pick<DescribedCall, 'redirect' | 'keep'>> & JsonObject
  if (typeof keep !== 'boolean') throw invalid('keep must be true or false.', 'keep')
  if (!redirects.includes(redirect)) throw invalid(`redirect must be one of ${redirects.join(', ')}.`, 'redirect')
  return { request: { ...request, headers: withoutConnection(request['headers']) }, redirect, keep }
}

/** The request's own content type, or else that of the body: a browser writes the boundary of a form. */
function withType(request: JsonObject, type: string | undefined): JsonObject {
  const headers = (request['headers'] ?? {}) as Record<string, string>
  if (type === undefined || typeof headers !== 'object' || headerOf(headers, 'content-type') !== undefined)
    return request
  return { ...request, headers: { ...headers, 'content-type': type } }
}

/**
 * Whether the relay has no reason to read a body: JSON may contain a placeholder, the fields of a form have names, and
 * only a multipart form has both `data` and a body.
 */
function passesThrough({ headers, data }: Record<string, unknown>): boolean {
  if (typeof headers !== 'object' || headers === null) return false
  const given = headers as Record<string, string>
  if (!Object.values(given).every((value) => typeof value === 'string')) return false
  const format = bodyFormat(given)
  if (data !== undefined) return format === 'multipart'
  return headerOf(given, 'content-type') === undefined || (format !== 'json' && format !== 'form')
}

/** The description of a call, and its raw body. */
export function parts(header: string, bytes: Buffer): { json: string; rest: Buffer } {
  if (header !== inFrontOfBody) return { json: fromBase64(header), rest: bytes }
  const length = bytes.length < 4 ? Infinity : bytes.readUInt32BE()
  if (length > bytes.length - 4)
    throw invalid('The description before the body is shorter than its stated length. Use client.fetchWith.', 'body')
  return { json: bytes.toString('utf8', 4, 4 + length), rest: bytes.subarray(4 + length) }
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString()
}

/** Silently drops the headers of the connection, as a browser does. */
function withoutConnection(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isOfConnection(name)))
}

function invalid(message: string, path?: string): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', message, { path })
}
