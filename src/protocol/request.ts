import * as z from 'zod/mini'
import { ClientSecretError } from './errors.ts'
import { findPlaceholders, isPlain } from './placeholder.ts'

export const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const

/** The method as it travels. */
export type Method = (typeof methods)[number]

const methodsWithBody: readonly Method[] = ['POST', 'PUT', 'PATCH']

/** A JSON object; that its members are JSON shows when it is serialised. */
export type JsonObject = Record<string, unknown>

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
  data?: JsonObject | undefined
  params?: Record<string, ParamValue | ParamValue[]> | undefined
  poll?: number | undefined
  expires?: number | undefined
  queue?: string | undefined
}

// The characters of RFC 9110. A line break in a value would begin a second header.
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headerValue = /^[\t\u0020-\u007e\u0080-\u00ff]*$/

/** Set by the connection itself, about the browser and not about the request, or read by some servers as another method or url. */
const ownedByRelay =
  /^(host|content-length|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|cookie|cookie2|forwarded|via|accept-encoding|x-http-method|x-http-method-override|x-method-override|x-original-url|x-rewrite-url|proxy-.*|x-forwarded-.*|x-real-ip)$/i

/** Asks for a part of an answer, or puts one of something else into a store: a secret that is cut in two is not found in either. Content-Range is of what the caller sends. */
const cutsAnswers = /^(?!content-range$)([a-z0-9-]+-)?range$/i

const urlExpectation = 'an absolute url such as "https://api.example.com/v1/items"'
const headersExpectation = 'an object of strings such as { Authorization: "Bearer $CLIENT_SECRET" }'
const paramExpectation = 'a string, a finite number, a boolean, or a list of these'
const pollExpectation = 'a number of milliseconds, 0 (no automatic polling) or more'
const expiresExpectation = 'a number of seconds above 0'
const dataExpectation = 'a JSON object such as { prompt: "an otter" }'

const paramValue = z.union([z.string(), z.number(), z.boolean()], paramExpectation)

const headers = z.record(
  z.string().check(
    z.refine((name) => headerName.test(name), 'a header name of letters, digits and -'),
    z.refine((name) => !ownedByRelay.test(name), 'left out: the relay sets this header itself or must not forward it'),
    z.refine(
      (name) => !cutsAnswers.test(name.replaceAll('_', '-')),
      'left out: in parts of an answer the relay could not find a secret, so it asks for the whole',
    ),
  ),
  z.string('a string, or left out').check(z.refine(isHeaderValue, 'one line of Latin-1 characters, as HTTP wants it')),
  headersExpectation,
)

/**
 * The shape of a request. Each message says what is expected; `parseRequest`
 * puts the name of the field before it and what was found behind it.
 * Strict, so that a misspelt field is an error and not a field that does nothing.
 */
const requestSchema = z.strictObject(
  {
    clientSecretName: z
      .string('the name of a key that the relay knows, such as "openai"')
      .check(z.minLength(1, 'the name of a key that the relay knows, such as "openai"')),
    url: z.string(urlExpectation).check(
      z.refine((url) => parsed(url) !== null, urlExpectation),
      z.refine((url) => parsed(url)?.protocol.match(/^(https?:)?$/) !== null, 'a url that begins with https://'),
      z.refine(
        (url) => !parsed(url)?.username && !parsed(url)?.password,
        'a url without user name and password; put the key into a header',
      ),
      z.refine(
        (url) => !parsed(url)?.host.includes('$client_secret'),
        'a url without $CLIENT_SECRET in its host; a secret goes into headers, params, data or the path',
      ),
    ),
    method: z.pipe(
      z.transform((method) => (typeof method === 'string' ? method.toUpperCase() : method)),
      z.enum(methods, `one of ${methods.join(', ')}`),
    ),
    headers: z.optional(headers),
    // Not a record of zod's, which would lose a member called `__proto__`.
    data: z.optional(
      z.custom<JsonObject>((data) => isObject(data) && !Array.isArray(data) && isPlain(data), dataExpectation),
    ),
    params: z.optional(
      z.record(
        z.string(),
        z.union([paramValue, z.array(paramValue)], paramExpectation),
        'an object of query values such as { page: 2 }',
      ),
    ),
    poll: z.optional(z.number(pollExpectation).check(z.minimum(0, pollExpectation))),
    expires: z.optional(z.number(expiresExpectation).check(z.gt(0, expiresExpectation))),
    queue: z.optional(
      z.string('the name of a queue, such as "images"').check(z.minLength(1, 'the name of a queue, such as "images"')),
    ),
  },
  'an object of parameters',
)

function parsed(url: string): URL | null {
  return URL.canParse(url) ? new URL(url) : null
}

/**
 * Checks a request from the outside and returns a copy with the method in
 * capitals; the input is never changed.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` with the field's path, or
 *   `PLACEHOLDER_MISSING`.
 */
export function parseRequest(input: unknown): ClientSecretRequest {
  checkNames(input)
  const result = requestSchema.safeParse(input)
  if (!result.success) throw invalidParameter(input, result.error.issues[0]!)

  const request = result.data
  checkHeaderNames(Object.keys(request.headers ?? {}))
  if (request.data && !methodsWithBody.includes(request.method)) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `data is not sent with ${request.method}. Put it into params, which become the query string.`,
      { path: 'data' },
    )
  }
  if (request.data && bodyFormat(request.headers) === undefined) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `data cannot be sent as ${headerOf(request.headers, 'content-type')}. It is sent as JSON, or, with the Content-Type application/x-www-form-urlencoded, as a form.`,
      { path: 'headers.content-type' },
    )
  }
  const places = findPlaceholders(request)
  if (places.length > mostPlaceholders) {
    // Each stands for a text that may be much longer.
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `$CLIENT_SECRET stands in the request ${places.length} times. An API wants its key once; at most ${mostPlaceholders} are taken.`,
      { path: places[0]! },
    )
  }
  if (places.length === 0) {
    throw new ClientSecretError(
      'PLACEHOLDER_MISSING',
      'The request has no $CLIENT_SECRET in url, headers, params or data. Write it where the key belongs, such as headers: { Authorization: "Bearer $CLIENT_SECRET" }.',
    )
  }
  return request
}

/** A record of zod's loses a member of this name, and nothing is to be lost without a word. */
function checkNames(input: unknown): void {
  for (const field of ['headers', 'params']) {
    const record = isObject(input) ? input[field] : undefined
    if (!isObject(record) || !Object.hasOwn(record, '__proto__')) continue
    throw new ClientSecretError('INVALID_PARAMETER', `${field} must have names other than __proto__.`, {
      path: `${field}.__proto__`,
    })
  }
}

const mostHeaders = 100
const mostPlaceholders = 20

function checkHeaderNames(names: string[]): void {
  if (names.length > mostHeaders) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `headers must name at most ${mostHeaders} headers; it names ${names.length}.`,
      { path: 'headers' },
    )
  }
  const seen = new Set<string>()
  for (const name of names.map((one) => one.toLowerCase())) {
    if (seen.has(name)) {
      throw new ClientSecretError(
        'INVALID_PARAMETER',
        `headers names ${name} twice, in different letter case. Keep one of them.`,
        { path: `headers.${name}` },
      )
    }
    seen.add(name)
  }
}

function invalidParameter(input: unknown, issue: z.core.$ZodIssue): ClientSecretError {
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0]!
    return new ClientSecretError(
      'INVALID_PARAMETER',
      `There is no parameter "${unknown}". The parameters are ${Object.keys(requestSchema.shape).join(', ')}, onResponse and onError.`,
      { path: unknown },
    )
  }
  const path = issue.path.map(String).join('.')
  // A wrong key of a record carries its expectation one level down.
  const expectation = issue.code === 'invalid_key' ? issue.issues[0]!.message : issue.message
  const found = issue.path.reduce<unknown>((value, step) => (isObject(value) ? value[String(step)] : undefined), input)
  return new ClientSecretError(
    'INVALID_PARAMETER',
    `${path || 'The request'} must be ${expectation}; it is ${shown(found)}.`,
    { path },
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** A value as an error message shows it: short, and with its type where the type is the mistake. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing or undefined'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (Array.isArray(value)) return 'a list'
  if (isObject(value))
    return `a${value instanceof Object && typeof value.constructor === 'function' && value.constructor !== Object ? ` ${value.constructor.name}` : 'n object'}`
  return typeof value === 'function' ? 'a function' : String(value)
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
