import type { Context } from 'hono'
import { ClientSecretError } from '../../protocol/errors.ts'
import { fetchRequestHeader, inFrontOfBody, type FetchDescription } from '../../protocol/fetch.ts'
import { isOfConnection } from '../../protocol/owned-headers.ts'
import { placeholder } from '../../protocol/placeholder.ts'
import { bodyFormat, type JsonObject } from '../../protocol/request.ts'
import { sizeOfValues } from '../common/json-text.ts'
import { parseJson } from './json-body.ts'

/** A parsed call of `POST /fetch`. `parseRequest` checks it. */
export interface DescribedFetch {
  request: Record<string, unknown>
  redirect: NonNullable<FetchDescription['redirect']>
  /** Whether the relay keeps the answer's bytes. */
  keep: boolean
  /** Null if the request has `data`, or no body. */
  body: Uint8Array | null
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

/**
 * Parses a call.
 *
 * @param demand Finds room for objects of so many bytes, before they exist.
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
export function readFetch(header: string, bytes: Uint8Array, demand: (bytes: number) => void): DescribedFetch {
  const parse = (text: string) => {
    demand(sizeOfValues(text))
    return parseJson(text)
  }
  const { json, rest } = parts(header, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const described = parse(json)
  if (typeof described !== 'object' || described === null)
    throw invalid('The description of a fetch must be an object.')
  const unknown = Object.keys(described).find((name) => !fields.some((field) => field === name))
  if (unknown === 'queue' || unknown === 'poll') {
    throw invalid(
      `A stream takes no ${unknown}: it runs at once, and its answer comes as the API writes it. Leave ${unknown} out, or send a request with it (useClientSecretRequest), whose answer comes whole.`,
      unknown,
    )
  }
  if (unknown !== undefined) {
    throw invalid(
      `A fetch has no field "${unknown.slice(0, 60)}". The fields are ${fields.join(', ')}.`,
      unknown.slice(0, 60),
    )
  }
  const {
    redirect = 'follow',
    keep = false,
    ...request
  } = described as Partial<Pick<DescribedFetch, 'redirect' | 'keep'>> & JsonObject
  if (typeof keep !== 'boolean') throw invalid('keep must be true or false.', 'keep')
  if (!redirects.includes(redirect)) throw invalid(`redirect must be one of ${redirects.join(', ')}.`, 'redirect')
  const headers = withoutConnection(request['headers'])
  const isJson = bodyFormat(headers as Record<string, string>) === 'json'
  if (rest.length === 0) return { request: { ...request, headers }, redirect, keep, body: null }
  if (request['data'] !== undefined)
    throw invalid('A fetch has either data in its description or a body. Leave one out.', 'data')
  if (!rest.includes(placeholder)) return { request: { ...request, headers }, redirect, keep, body: rest }
  if (!isJson) {
    throw invalid(
      `The body of this fetch contains ${placeholder}, but its content type is not JSON. The relay inserts a key into headers, the url and JSON only. Move it there.`,
      'body',
    )
  }
  return { request: { ...request, headers, data: parse(rest.toString()) }, redirect, keep, body: null }
}

function parts(header: string, bytes: Buffer): { json: string; rest: Buffer } {
  if (header !== inFrontOfBody) return { json: Buffer.from(header, 'base64').toString(), rest: bytes }
  const length = bytes.length < 4 ? Infinity : bytes.readUInt32BE()
  if (length > bytes.length - 4)
    throw invalid('The description before the body is shorter than its stated length. Use client.fetchWith.', 'body')
  return { json: bytes.toString('utf8', 4, 4 + length), rest: bytes.subarray(4 + length) }
}

/** Silently drops the headers of the connection, as a browser does. */
function withoutConnection(headers: unknown): unknown {
  if (typeof headers !== 'object' || headers === null) return headers
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isOfConnection(name)))
}

function invalid(message: string, path?: string): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', message, { path })
}
