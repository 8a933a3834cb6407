import { errorStatus, type ErrorCode } from '../protocol/error-codes.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import type { UpstreamResponse, WireError } from '../protocol/record.ts'
import { shown } from '../protocol/invalid-parameter.ts'
import { failedAnswer } from '../protocol/failed-answer.ts'

/** The time of an answer. */
export interface Timing {
  /**
   * Milliseconds until the answer: after the request is sent, or, in a queue, after the
   * requests before it settle. Default 0: at once, without a timer.
   */
  after?: number | undefined
  /**
   * The first position of a request with a `queue`; 1 is running. `after` is divided
   * evenly among the positions down to 1. Default 1.
   */
  inQueue?: number | undefined
}

export interface ReplyOptions extends Timing {
  /** HTTP status of the API. From 400 on the request fails with `UPSTREAM_ERROR`, and `body` is the error's `data`. Default 200. */
  status?: number | undefined
  /** Headers of the API, in any letter case. Default content type: by the type of the body. */
  headers?: Record<string, string> | undefined
}

export interface FailOptions extends Timing {
  /** The error's message. */
  message?: string | undefined
  /** HTTP status. Default: the code's own. */
  status?: number | undefined
  /** The path of the wrong parameter, such as `params.page`. */
  path?: string | undefined
  /** Seconds to wait before another try. */
  retryAfter?: number | undefined
}

/** The end of a request: the API's answer, an error, or both for an error of the API. */
export interface Outcome {
  response?: UpstreamResponse | undefined
  error?: WireError | undefined
}

/** The request's side of an answer in progress. */
export interface Course {
  /** Moves the request to a position in its queue; at 1 it runs. */
  moveTo: (place: number) => void
  /** Waits. Ends early if the request ends, such as by `cancel`. */
  wait: (milliseconds: number) => Promise<void>
  /** Begins a streamed answer with its head. */
  begin: (head: StreamedHead) => void
  /** Delivers a piece of the streamed answer. */
  write: (piece: Piece) => void
}

/** The head of a streamed answer. */
export type StreamedHead = Pick<UpstreamResponse, 'status' | 'headers'>

/** A piece of a streamed answer. */
export type Piece = string | Uint8Array

/** The scripted outcome of a request. Create one with `reply`, `fail`, `hold`, `stream` or `holdStream`. */
export interface ScriptedAnswer {
  /** The first position in the queue. */
  readonly inQueue: number
  /** True for an error before there is a record. */
  readonly isRefusal: boolean
  /** Plays the answer, from the start of the request's turn to its end. */
  readonly play: (course: Course) => Promise<Outcome>
}

/** An answer that waits until the test gives it. */
export interface HeldAnswer extends ScriptedAnswer {
  /** Moves every held request to this position in its queue; at 1 it runs. */
  moveTo: (place: number) => void
  /**
   * Gives this answer to every held request, and to all later ones.
   *
   * @throws ClientSecretError `INVALID_PARAMETER` for a second call.
   */
  answer: (next: ScriptedAnswer) => void
}

/**
 * Scripts an answer of the API.
 *
 * @param body A string becomes text, a `Uint8Array` bytes, and every other value JSON.
 *   Without a body, `data` is null.
 *
 * @example
 * client.on({ url: /images/ }, reply({ data: [{ b64_json }] }, { after: 2_000, inQueue: 3 }))
 * client.on({ url: /chat/ }, reply({ error: { message: 'Incorrect API key provided.' } }, { status: 401 }))
 */
export function reply(body?: unknown, { status = 200, headers, ...timing }: ReplyOptions = {}): ScriptedAnswer {
  return timed(outcomeOf(status, written(body), headers), timing)
}

/** The outcome of a whole answer. From a status of 400 on, it is an error too. */
export function outcomeOf(
  status: number,
  body: Omit<UpstreamResponse, 'status'>,
  headers: Record<string, string> = {},
): Outcome {
  const response: UpstreamResponse = { status, ...body, headers: { ...body.headers, ...inLowerCase(headers) } }
  if (status < 400) return { response }
  const retryAfter = Number(response.headers['retry-after']) || undefined
  return { response, error: failedAnswer(response, { retryAfter }) }
}

/** The headers with names in lower case. */
export function inLowerCase(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The errors that come before there is a record. */
const refusals: readonly ErrorCode[] = [
  'INVALID_PARAMETER',
  'PLACEHOLDER_MISSING',
  'KEY_NOT_FOUND',
  'SIGN_IN_REQUIRED',
  'NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'QUEUE_FULL',
  'RATE_LIMITED',
  'REQUEST_TOO_LARGE',
  'UNAVAILABLE',
  'NETWORK_ERROR',
]

/**
 * Scripts a failure, as of a real relay. `RATE_LIMITED`, `NETWORK_ERROR` and other
 * errors that come before there is a record reject the send. With `inQueue`, the relay
 * accepts the request first, and the error ends it. `EXPIRED` and `REQUEST_NOT_FOUND`
 * remove the record, `CANCELLED` cancels it.
 *
 * The client does not retry: the failure is the one after its last try. For an error
 * of the API, use `reply` with its `status`.
 *
 * @example
 * client.on({ url: /images/ }, fail('RATE_LIMITED', { retryAfter: 30 }))
 */
export function fail(code: ErrorCode, { after, inQueue, message, ...details }: FailOptions = {}): ScriptedAnswer {
  const error = {
    code,
    message: message ?? `The script fails the request with ${code}.`,
    status: errorStatus[code],
    ...details,
  }
  return { ...timed({ error }, { after, inQueue }), isRefusal: inQueue === undefined && refusals.includes(code) }
}

/**
 * Holds the answer until the test gives it. Until then, the request runs, or waits at
 * the position `inQueue`.
 *
 * @example
 * const later = hold({ inQueue: 3 })
 * client.on({ url: /images/ }, later)
 * // … send, and check position 3 …
 * later.moveTo(1)
 * later.answer(reply({ picture: 'otter' }))
 */
export function hold({ inQueue = 1 }: Pick<Timing, 'inQueue'> = {}): HeldAnswer {
  checkPlace(inQueue)
  let place = inQueue
  let isOpen = false
  const held = new Set<Course>()
  let open!: (next: ScriptedAnswer) => void
  const letGo = new Promise<ScriptedAnswer>((resolve) => (open = resolve))
  return {
    inQueue,
    isRefusal: false,
    async play(course) {
      course.moveTo(place)
      held.add(course)
      return (await letGo).play(course)
    },
    moveTo(to) {
      checkPlace(to)
      place = to
      for (const course of held) course.moveTo(to)
    },
    answer(next) {
      if (isOpen) {
        throw new ClientSecretError(
          'INVALID_PARAMETER',
          'This held answer was given before. Create one with hold() for each answer, and pass them to client.on in order.',
        )
      }
      isOpen = true
      held.clear()
      open(next)
    },
  }
}

function timed(outcome: Outcome, { after = 0, inQueue = 1 }: Timing): ScriptedAnswer {
  checkPlace(inQueue)
  checkTime(after, 'after', 'hold')
  return {
    inQueue,
    isRefusal: false,
    async play({ moveTo, wait }) {
      for (let place = inQueue; place >= 1; place--) {
        moveTo(place)
        await wait(after / inQueue)
      }
      return outcome
    },
  }
}

export function checkTime(milliseconds: number, path: string, byHand: string): void {
  if (milliseconds >= 0 && milliseconds < Infinity) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `${path} must be a number of milliseconds, 0 or more; it is ${shown(milliseconds)}. To give the answer by hand, use ${byHand}().`,
    { path },
  )
}

function checkPlace(inQueue: number): void {
  if (Number.isInteger(inQueue) && inQueue >= 1) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `A position in the queue must be a whole number, 1 (running) or more; it is ${shown(inQueue)}.`,
    { path: 'inQueue' },
  )
}

/** The bytes that base64 stands for. */
export function bytesFrom(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
}

/** Also for a `Uint8Array` of another realm, such as one of jsdom. */
export function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]'
}

/** The body as a record has it, with its content type. */
export function written(body: unknown): Pick<UpstreamResponse, 'headers' | 'body' | 'encoding'> {
  if (body === undefined) return { headers: {}, body: '' }
  if (typeof body === 'string') return { headers: { 'content-type': 'text/plain' }, body }
  if (isBytes(body)) {
    const bytes = Array.from(body, (byte) => String.fromCharCode(byte)).join('')
    return { headers: { 'content-type': 'application/octet-stream' }, body: btoa(bytes), encoding: 'base64' }
  }
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
