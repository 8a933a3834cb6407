import { readHeader } from '../../protocol/basic-auth.ts'
import { ClientSecretError } from '../../protocol/errors.ts'
import { changeAt, containsPlaceholder, replacePlaceholder } from '../../protocol/placeholder.ts'
import {
  bodyFormat,
  type ClientSecretRequest,
  type FormArrays,
  type JsonObject,
  type RequestBody,
  type Method,
} from '../../protocol/request.ts'
import { isHeaderValue } from '../../protocol/request-fields.ts'
import { jsonText } from '../common/json-text.ts'
import type { CompiledRule } from '../keys/key-rules.ts'
import type { KeyValue } from '../keys/key.ts'
import { partsOf } from './multipart.ts'

/** The outgoing call, with its body as text. */
export interface UpstreamCall {
  method: Method
  url: URL
  headers: Record<string, string>
  body: string | null
}

/**
 * Replaces the placeholder with the secret, in the allowed places only, and builds
 * the call. It replaces in the parsed request and encodes afterwards, so that
 * quotes, `&` and `$&` in a secret stay unchanged.
 */
export function substitute(
  request: ClientSecretRequest,
  { secret, named }: Pick<KeyValue, 'secret' | 'named'>,
  { places, placesByName }: Pick<CompiledRule, 'places' | 'placesByName'>,
): UpstreamCall {
  const put: Put = (text, place, write = (value) => value) => {
    if (!named) return places.includes(place) ? replacePlaceholder(text, write(secret)) : text
    return replacePlaceholder(text, (name = '') => {
      const value = placesByName?.get(name)?.includes(place) ? named.get(name) : undefined
      return value === undefined ? undefined : write(value)
    })
  }

  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {}).map(([name, value]) => [name.toLowerCase(), headerOf(name, value, put)]),
  )
  const wrong = Object.entries(headers).find(([, value]) => !isHeaderValue(value))
  if (wrong) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `headers.${wrong[0]} cannot carry this key: the key has characters that a header cannot contain. Send it in params or data, if the API allows it.`,
      { path: `headers.${wrong[0]}` },
    )
  }
  const data = places
    .filter((place) => place.startsWith('data#'))
    .reduce<unknown>(
      (changed, place) => changeAt(changed, place.slice('data#'.length), (text) => put(text, place)),
      request.data,
    )
  return {
    method: request.method,
    url: urlOf(request, put),
    headers,
    body: request.data === undefined ? null : bodyOf(request, data as RequestBody, headers),
  }
}

/** Inserts the secret, encoded by `write`, if this place is allowed. */
type Put = (text: string, place: string, write?: (value: string) => string) => string

function headerOf(name: string, value: string, put: Put): string {
  const { text, write } = readHeader(name, value)
  const filled = put(text, `headers.${name.toLowerCase()}`)
  return (filled === text ? value : write(filled)).trim()
}

function urlOf(request: ClientSecretRequest, put: Put): URL {
  const url = new URL(request.url)
  url.pathname = put(url.pathname, 'url.path', encodeSegment)
  // The query is parsed only if necessary, because some APIs sign its exact text.
  if ([...url.searchParams.values()].some(containsPlaceholder)) {
    url.search = new URLSearchParams(
      [...url.searchParams].map(([name, value]) => [name, put(value, `params.${name}`)]),
    ).toString()
  }
  const added = Object.entries(request.params ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, put(String(one), `params.${name}`)]),
  )
  if (added.length > 0) {
    url.search = [url.search.slice(1), new URLSearchParams(added).toString()].filter(Boolean).join('&')
  }
  return url
}

/** Percent-encoded for one segment of a path, where `:`, `@` and similar characters stay. */
function encodeSegment(text: string): string {
  return encodeURIComponent(text).replace(/%(3A|40|24|26|2B|2C|3B|3D)/g, (code) => decodeURIComponent(code))
}

function bodyOf(request: ClientSecretRequest, data: RequestBody, headers: Record<string, string>): string {
  if (typeof data === 'string') {
    headers['content-type'] ??= 'text/plain;charset=UTF-8'
    return data
  }
  const format = bodyFormat(headers)
  if (format === 'form') return formOf(data as JsonObject, maxFormLength(request), request.formArrays)
  if (format === 'multipart') return partsOf(data as Record<string, unknown>, headers)
  headers['content-type'] ??= 'application/json'
  return JSON.stringify(data)
}

/**
 * A form repeats the names of all levels before each value, so 1 MB of JSON could
 * become gigabytes. The factor 4 covers letters outside ASCII. The constant covers
 * small forms with long names, and secrets.
 */
function maxFormLength(request: ClientSecretRequest): number {
  return 4 * Buffer.byteLength(jsonText(request)) + 256 * 1024
}

/**
 * Writes `{ a: { b: [1] } }` as `a[b][0]=1`, as Stripe, PHP and Rails read it. `formArrays` changes how lists are written.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` as soon as the form is too long.
 */
function formOf(data: JsonObject, maxLength: number, formArrays?: FormArrays): string {
  const pairs: string[] = []
  let length = 0
  const visitList = (name: string, list: unknown[], arrays: FormArrays): void => {
    if (arrays !== 'comma') return list.forEach((item) => visit(arrays === 'repeat' ? name : `${name}%5B%5D`, item))
    const object = list.find((item) => typeof item === 'object' && item !== null)
    if (object === undefined) return visit(name, list.map((item) => item ?? '').join(','))
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `The list ${decodeURIComponent(name.slice(0, 100))} contains objects or lists, which formArrays: "comma" cannot write. Use "brackets" or "repeat".`,
      { path: 'formArrays' },
    )
  }
  /** @param name Encoded already. */
  const visit = (name: string, value: unknown): void => {
    if (value === undefined) return
    if (typeof value === 'object' && value !== null) {
      const step = (key: string | number, item: unknown) => visit(`${name}%5B${encodeFormText(String(key))}%5D`, item)
      if (Array.isArray(value) && formArrays) return visitList(name, value, formArrays)
      if (Array.isArray(value)) value.forEach((item, index) => step(index, item))
      else for (const key of Object.keys(value)) step(key, (value as JsonObject)[key])
      return
    }
    const pair = `${name}=${encodeFormText(value === null ? '' : String(value))}`
    length += pair.length + 1
    if (length > maxLength) {
      throw new ClientSecretError(
        'INVALID_PARAMETER',
        `data is too long as a form: it has more than ${maxLength} characters, because a form repeats the names of all levels before each value. Send it as JSON, or use shorter names and fewer levels.`,
        { path: 'data' },
      )
    }
    pairs.push(pair)
  }
  for (const [key, item] of Object.entries(data)) visit(encodeFormText(key), item)
  return pairs.join('&')
}

function encodeFormText(text: string): string {
  // Most texts need no encoding, and the test is fast.
  return /^[\w.*-]*$/.test(text) ? text : new URLSearchParams([['', text]]).toString().slice(1)
}
