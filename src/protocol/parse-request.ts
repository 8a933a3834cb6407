import { ClientSecretError } from './errors.ts'
import { abridged, invalid, isObject, mustBe } from './invalid-parameter.ts'
import { findPlaceholders } from './placeholder.ts'
import { checkHeaders, checkParams, checkUrl, isNumber, isParamValue, isRecord } from './request-fields.ts'
import {
  bodyFormat,
  formArrays,
  headerOf,
  methods,
  type ClientSecretRequest,
  type FormArrays,
  type Method,
} from './request.ts'

const methodsWithBody: readonly Method[] = ['POST', 'PUT', 'PATCH', 'DELETE']

/** In characters. */
const maxQueueLength = 8_192
const maxKeyNameLength = 255

/**
 * The fields of a request, in the order of checks and of the copy.
 * Each check ends at the first mistake: a request may have 100,000 of them.
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
  keep: optional((keep) => mustBe(typeof keep === 'boolean', 'keep', 'true or false', keep)),
}

/**
 * Checks a request from outside. Returns a copy with the method in capitals, and never changes the input. Any input
 * costs about as much as its `JSON.parse`.
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

/** An object or a list must be sent as JSON or as a form. */
function checkFormat(data: object, headers: ClientSecretRequest['headers']): void {
  const format = bodyFormat(headers)
  if (format === undefined) {
    throw invalid(
      'headers.content-type',
      `data cannot be sent as ${abridged(headerOf(headers, 'content-type') ?? '')}. An object is sent as JSON, or, with the Content-Type application/x-www-form-urlencoded or multipart/form-data, as a form. For any other type write the body yourself, as a string or bytes.`,
    )
  }
  if (format !== 'json' && Array.isArray(data)) {
    throw invalid('data', 'data is a list, which has no names for the fields of a form. Send an object of fields.')
  }
  if (format !== 'multipart') return
  for (const [name, value] of Object.entries(data)) {
    const path = `data#/${abridged(name)}`
    mustBe([value].flat().every(isParamValue), path, 'a string, a number, a boolean, or a list of these', value)
  }
}

/**
 * The key name of a request from outside, without a check of the rest.
 *
 * @throws ClientSecretError `INVALID_PARAMETER`
 */
export function readKeyName(input: unknown): string {
  checkObject(input)
  const name = input['clientSecretName']
  checkKeyName(name)
  return name
}

/** An unknown field is an error: it may be a misspelt one. */
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

function optional(check: (value: unknown) => void): (value: unknown) => void {
  return (value) => {
    if (value !== undefined) check(value)
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
