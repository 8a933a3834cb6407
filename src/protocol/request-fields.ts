import { abridged, invalid, isObject, mustBe, shown } from './invalid-parameter.ts'
import { isOwnedByRelay } from './owned-headers.ts'
import { isPlain } from './placeholder.ts'
import type { ParamValue } from './request.ts'

// The characters of RFC 9110. A line break in a value would begin a second header.
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

/** Headers that ask for a part of an answer, or store one: redaction cannot find a secret that is cut in two. Content-Range describes the caller's own body. */
const cutsAnswers = /^(?!content-range$)([a-z0-9-]+-)?range$/i

// In characters. Other servers refuse longer urls too. Names are part of every record, place and message.
const maxUrlLength = 8_192
const maxFieldNameLength = 1_000
/** For all headers, and for all params: names and values together. */
const maxFieldsLength = 65_536
const maxHeaders = 100
/** Values of the query string, including those in lists. */
const maxParams = 1_000

export function checkUrl(url: unknown): void {
  const isUrl = typeof url === 'string' && (url.length > maxUrlLength || URL.canParse(url))
  mustBe(isUrl, 'url', 'an absolute url such as "https://api.example.com/v1/items"', url)
  const expected = (isMet: boolean, expectation: string) => mustBe(isMet, 'url', expectation, url)
  expected(url.length <= maxUrlLength, `at most ${maxUrlLength} characters long; put what is longer into data`)
  const { protocol, username, password, host, search } = new URL(url)
  expected(/^https?:$/.test(protocol), 'a url that begins with https://')
  expected(!username && !password, 'a url without user name and password; put the key into a header')
  expected(
    !host.includes('$client_secret'),
    'a url without $CLIENT_SECRET in its host; a secret goes into headers, params, data or the path',
  )
  expected(search.split('&', maxParams + 1).length <= maxParams, `a url with at most ${maxParams} values in its query`)
}

export function checkHeaders(headers: unknown): void {
  mustBe(
    isRecord(headers),
    'headers',
    'an object of strings such as { Authorization: "Bearer $CLIENT_SECRET" }',
    headers,
  )
  const entries = Object.entries(headers)
  if (entries.length > maxHeaders) {
    throw invalid('headers', `headers must name at most ${maxHeaders} headers; it names ${entries.length}.`)
  }
  const seen = new Set<string>()
  let length = 0
  for (const [name, value] of entries) {
    const path = checkFieldName('headers', name)
    mustBe(headerName.test(name), path, 'a header name of letters, digits and -', value)
    mustBe(!isOwnedByRelay(name), path, 'left out: the relay sets this header itself or must not forward it', value)
    mustBe(
      !cutsAnswers.test(name.replaceAll('_', '-')),
      path,
      'left out: in parts of an answer the relay could not find a secret, so it asks for the whole',
      value,
    )
    mustBe(typeof value === 'string', path, 'a string, or left out', value)
    checkFieldsLength('headers', (length += name.length + value.length))
    mustBe(isHeaderValue(value), path, 'one line of Latin-1 characters, as HTTP wants it', value)
    const lowerCase = name.toLowerCase()
    if (seen.has(lowerCase)) {
      throw invalid(
        `headers.${lowerCase}`,
        `headers names ${lowerCase} twice, in different letter case. Keep one of them.`,
      )
    }
    seen.add(lowerCase)
  }
}

export function checkParams(params: unknown): void {
  mustBe(isRecord(params), 'params', 'an object of query values such as { page: 2 }', params)
  let count = 0
  let length = 0
  for (const [name, value] of Object.entries(params)) {
    const path = checkFieldName('params', name)
    const values: unknown[] = Array.isArray(value) ? value : [value]
    count += values.length
    if (count > maxParams) {
      throw invalid(
        'params',
        `params must hold at most ${maxParams} values, those in lists included. Send fewer, or put them into data.`,
      )
    }
    mustBe(values.every(isParamValue), path, 'a string, a finite number, a boolean, or a list of these', value)
    for (const one of values) length += name.length + String(one).length
    checkFieldsLength('params', length)
  }
}

function checkFieldsLength(field: 'headers' | 'params', length: number): void {
  if (length <= maxFieldsLength) return
  throw invalid(
    field,
    `${field} must be at most ${maxFieldsLength} characters long, names and values together. Put what is longer into data.`,
  )
}

/** The path of a header or a query value. Checks its name, which becomes part of messages and places. */
function checkFieldName(field: 'headers' | 'params', name: string): string {
  const path = `${field}.${abridged(name)}`
  if (name === '__proto__') {
    throw invalid(path, `${field} must have names other than __proto__.`)
  }
  if (name.length > maxFieldNameLength) {
    throw invalid(
      path,
      `${field} must have names of at most ${maxFieldNameLength} characters; one begins with ${shown(name)}.`,
    )
  }
  return path
}

/** True for a value that may be sent as a header. */
export function isHeaderValue(value: string): boolean {
  return headerValue.test(value)
}

export function isNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

export function isParamValue(value: unknown): value is ParamValue {
  return typeof value === 'string' || typeof value === 'boolean' || isNumber(value)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value) && isPlain(value)
}
