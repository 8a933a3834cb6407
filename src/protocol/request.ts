import { ClientSecretError } from './errors.ts'
import { isOwnedByRelay } from './owned-headers.ts'
import { findPlaceholders, isPlain } from './placeholder.ts'

export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'] as const

/** The method as it travels. */
export type Method = (typeof methods)[number]

const methodsWithBody: readonly Method[] = ['POST', 'PUT', 'PATCH', 'DELETE']

/** A JSON object; that its members are JSON shows when it is serialised. */
export type JsonObject = Record<string, unknown>

/** A body: what JSON can carry as an object or a list; a string is sent as it is. */
export type RequestBody = JsonObject | unknown[] | string

export const formArrays = ['brackets', 'repeat', 'comma'] as const

/** How a form writes a list: `to[]=a&to[]=b`, `to=a&to=b` or `to=a,b`. */
export type FormArrays = (typeof formArrays)[number]

/** One value of the query string. */
export type ParamValue = string | number | boolean

/**
 * What a request is: the parameters of `clientSecretRequest` that travel to the
 * relay. The callbacks stay in the browser.
 */
export interface ClientSecretRequest {
  clientSecretName: string
  url: string
  method: Method
  headers?: Record<string, string> | undefined
  data?: RequestBody | undefined
  formArrays?: FormArrays | undefined
  params?: Record<string, ParamValue | ParamValue[]> | undefined
  poll?: number | undefined
  expires?: number | undefined
  queue?: string | undefined
}

// The characters of RFC 9110. A line break in a value would begin a second header.
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

/** Asks for a part of an answer, or puts one of something else into a store: a secret that is cut in two is not found in either. Content-Range is of what the caller sends. */
const cutsAnswers = /^(?!content-range$)([a-z0-9-]+-)?range$/i

// In characters. Other servers take no longer urls either; names stand in every record, in places and in sentences.
const maxUrlLength = 8_192
const maxQueueLength = 8_192
const maxKeyNameLength = 255
const maxFieldNameLength = 1_000
/** Of all headers, and of all params, names and values together. */
const maxFieldsLength = 65_536
const maxHeaders = 100
/** Values of the query string, those in lists included. */
const maxParams = 1_000

/**
 * The fields of a request, in the order in which they are checked and written.
 * Each check ends at the first mistake: what is wrong may be wrong 100,000 times.
 */
const checks: Record<keyof ClientSecretRequest, (value: unknown) => void> = {
  clientSecretName: checkKeyName,
  url: checkUrl,
  method: (method) => mustBe(methods.includes(method as Method), 'method', `one of ${methods.join(', ')}`, method),
  headers: optional(checkHeaders),
  data: optional((data) =>
    mustBe(
      typeof data === 'string' || Array.isArray(data) || isRecord(data),
      'data',
      'an object such as { prompt: "an otter" }, a list, or a string, which is sent as it is',
      data,
    ),
  ),
  formArrays: optional((given) =>
    mustBe(formArrays.includes(given as FormArrays), 'formArrays', `one of ${formArrays.join(', ')}`, given),
  ),
  params: optional(checkParams),
  poll: optional((poll) =>
    mustBe(isNumber(poll) && poll >= 0, 'poll', 'a number of milliseconds, 0 (no automatic polling) or more', poll),
  ),
  expires: optional((expires) =>
    mustBe(isNumber(expires) && expires > 0, 'expires', 'a number of seconds above 0', expires),
  ),
  queue: optional((queue) => {
    mustBe(isText(queue), 'queue', 'the name of a queue, such as "images"', queue)
    mustBe(queue.length <= maxQueueLength, 'queue', `a name of at most ${maxQueueLength} characters`, queue)
  }),
}

/**
 * Checks a request from the outside and returns a copy with the method in
 * capitals; the input is never changed. Takes about as long as reading the JSON
 * took, whatever stands there.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` with the field's path, or
 *   `PLACEHOLDER_MISSING`.
 */
export function parseRequest(input: unknown): ClientSecretRequest {
  const request = shaped(input)
  if (request.data !== undefined && !methodsWithBody.includes(request.method)) {
    throw invalid('data', `data is not sent with ${request.method}. Put it into params, which become the query string.`)
  }
  if (typeof request.data === 'object') checkFormat(request.data, request.headers)
  if (findPlaceholders(request).length === 0) {
    throw new ClientSecretError(
      'PLACEHOLDER_MISSING',
      'The request has no $CLIENT_SECRET in url, headers, params or data. Write it where the key belongs, such as headers: { Authorization: "Bearer $CLIENT_SECRET" }.',
    )
  }
  return request
}

/** A string is sent as it is, whatever its type; what is written here must be JSON or a form. */
function checkFormat(data: object, headers: ClientSecretRequest['headers']): void {
  const format = bodyFormat(headers)
  if (format === undefined) {
    throw invalid(
      'headers.content-type',
      `data cannot be sent as ${abridged(headerOf(headers, 'content-type') ?? '')}. An object is sent as JSON, or, with the Content-Type application/x-www-form-urlencoded, as a form. For any other type write the body yourself, as a string.`,
    )
  }
  if (format === 'form' && Array.isArray(data)) {
    throw invalid('data', 'data is a list, which has no names for the fields of a form. Send an object of fields.')
  }
}

/**
 * The name of the key that a request from the outside asks for, before anything
 * else of it is looked at.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
export function readKeyName(input: unknown): string {
  checkObject(input)
  const name = input['clientSecretName']
  checkKeyName(name)
  return name
}

/** Strict, so that a misspelt field is an error and not a field that does nothing. */
function shaped(input: unknown): ClientSecretRequest {
  checkObject(input)
  const request: Record<string, unknown> = {}
  for (const [field, check] of Object.entries(checks)) {
    const given = input[field]
    const value = field === 'method' && typeof given === 'string' ? given.toUpperCase() : given
    check(value)
    if (value !== undefined) request[field] = value
  }
  const unknown = Object.keys(input).find((field) => !Object.hasOwn(checks, field))
  if (unknown === undefined) return request as unknown as ClientSecretRequest
  throw invalid(
    abridged(unknown),
    `There is no parameter "${abridged(unknown)}". The parameters are ${Object.keys(checks).join(', ')}, onResponse and onError.`,
  )
}

function checkObject(input: unknown): asserts input is Record<string, unknown> {
  mustBe(isObject(input) && !Array.isArray(input), '', 'an object of parameters', input)
}

function checkKeyName(name: unknown): asserts name is string {
  mustBe(
    isText(name) && name.length <= maxKeyNameLength,
    'clientSecretName',
    'the name of a key that the relay knows, such as "openai"',
    name,
  )
}

function checkUrl(url: unknown): void {
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

function checkHeaders(headers: unknown): void {
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

function checkParams(params: unknown): void {
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

/** Gives the path of a header or a query value whose name may stand in sentences and places. */
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

/** @throws ClientSecretError `INVALID_PARAMETER`: the field, what is expected, and what was found. */
function mustBe(isMet: boolean, path: string, expectation: string, found: unknown): asserts isMet {
  if (isMet) return
  throw invalid(path, `${path || 'The request'} must be ${expectation}; it is ${shown(found)}.`)
}

function invalid(path: string, sentence: string): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', sentence, { path })
}

function optional(check: (value: unknown) => void): (value: unknown) => void {
  return (value) => {
    if (value !== undefined) check(value)
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

function isParamValue(value: unknown): value is ParamValue {
  return typeof value === 'string' || typeof value === 'boolean' || isNumber(value)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return isObject(value) && !Array.isArray(value) && isPlain(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A value as an error message shows it: short, and with its type where the type is the mistake. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing or undefined'
  if (typeof value === 'string') return JSON.stringify(abridged(value))
  if (Array.isArray(value)) return 'a list'
  if (isObject(value))
    return `a${value instanceof Object && typeof value.constructor === 'function' && value.constructor !== Object ? ` ${value.constructor.name}` : 'n object'}`
  return typeof value === 'function' ? 'a function' : String(value)
}

function abridged(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** True for a value that may be sent as a header. */
export function isHeaderValue(value: string): boolean {
  return headerValue.test(value)
}

/** The value of a header, whatever its letter case. */
function headerOf(headers: Record<string, string> | undefined, name: string): string | undefined {
  return Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1]
}

/** How `data` is written, by the Content-Type header; undefined for a type that is neither JSON nor a form. */
export function bodyFormat(headers: Record<string, string> | undefined): 'json' | 'form' | undefined {
  const type = (headerOf(headers, 'content-type') ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/x-www-form-urlencoded') return 'form'
  return /^application\/([a-z0-9.-]+\+)?json$/.test(type) ? 'json' : undefined
}
