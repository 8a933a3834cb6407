import { errorStatus, type ErrorCode } from '../protocol/error-codes.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import type { UpstreamResponse, WireError } from '../protocol/record.ts'
import { shown } from '../protocol/invalid-parameter.ts'
import { upstreamError } from '../protocol/upstream-error.ts'

/** When an answer comes. */
export interface Timing {
  /**
   * Milliseconds until the answer: from the sending on, or, in a queue, from when
   * those before it are done. Default 0: at once, without a timer.
   */
  after?: number | undefined
  /**
   * Place in line at the start, for a request with a `queue`; 1 is running.
   * `after` is divided evenly among the places on the way down to 1. Default 1.
   */
  inQueue?: number | undefined
}

export interface ReplyOptions extends Timing {
  /** HTTP status of the API. From 400 on the request fails with `UPSTREAM_ERROR`, and `body` is the error's `data`. Default 200. */
  status?: number | undefined
  /** Headers of the API, in any letter case. The content type follows from the body unless it is given. */
  headers?: Record<string, string> | undefined
}

export interface FailOptions extends Timing {
  /** The error's message. */
  message?: string | undefined
  /** HTTP status. Default: the code's own. */
  status?: number | undefined
  /** Where in the parameters the mistake is, such as `params.page`. */
  path?: string | undefined
  /** Seconds to wait before another try. */
  retryAfter?: number | undefined
}

/** How a request ends: with what the API said, or with an error, or with an API's error, which is both. */
export interface Outcome {
  response?: UpstreamResponse | undefined
  error?: WireError | undefined
}

/** What an answer can do with a request that waits for it. */
export interface Course {
  /** Moves it in its line; at 1 it runs. */
  moveTo: (place: number) => void
  /** Waits; ends early when the request has ended otherwise, such as by `cancel`. */
  wait: (milliseconds: number) => Promise<void>
}

/** What becomes of a request. Made by `reply`, `fail` and `hold`. */
export interface ScriptedAnswer {
  /** Place in line at the start. */
  readonly inQueue: number
  /** Set where the relay would refuse the request at its door, so that there is never a record of it. */
  readonly isRefusal: boolean
  /** Goes with a request from the start of its turn to its end. */
  readonly play: (course: Course) => Promise<Outcome>
}

/** An answer that comes when the test says so. */
export interface HeldAnswer extends ScriptedAnswer {
  /** Moves every request that is held to this place in line; at 1 it runs. */
  moveTo: (place: number) => void
  /**
   * Lets go: every request that is held, or comes later, gets this answer.
   *
   * @throws ClientSecretError `INVALID_PARAMETER` when it was let go before.
   */
  answer: (next: ScriptedAnswer) => void
}

/**
 * The API answers.
 *
 * @param body An object, a list, a number, a boolean or null becomes JSON, a
 *   string text, a `Uint8Array` bytes; without a body, `data` is null.
 *
 * @example
 * client.on({ url: /images/ }, reply({ data: [{ b64_json }] }, { after: 2_000, inQueue: 3 }))
 * client.on({ url: /chat/ }, reply({ error: { message: 'Incorrect API key provided.' } }, { status: 401 }))
 */
export function reply(body?: unknown, { status = 200, headers, ...timing }: ReplyOptions = {}): ScriptedAnswer {
  const response: UpstreamResponse = { status, ...written(body) }
  for (const [name, value] of Object.entries(headers ?? {})) response.headers[name.toLowerCase()] = value
  if (status < 400) return timed({ response }, timing)
  const retryAfter = Number(response.headers['retry-after']) || undefined
  return timed({ response, error: upstreamError(response, { retryAfter }) }, timing)
}

/** What the relay says before it takes a request in, or what keeps the request from reaching it. */
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
 * The request fails, as it would at the relay: `RATE_LIMITED`, `NETWORK_ERROR`
 * and others that come before there is a record reject the sending; with
 * `inQueue` the request was taken in first, and they end it. `EXPIRED` and
 * `REQUEST_NOT_FOUND` remove the record, `CANCELLED` cancels it.
 *
 * Nothing is repeated: it is what is left after the client's own tries. For an
 * API that answers with an error, use `reply` with its `status`.
 *
 * @example
 * client.on({ url: /images/ }, fail('RATE_LIMITED', { retryAfter: 30 }))
 */
export function fail(code: ErrorCode, { after, inQueue, message, ...details }: FailOptions = {}): ScriptedAnswer {
  const error = {
    code,
    message: message ?? `The request failed with ${code}, as its script says.`,
    status: errorStatus[code],
    ...details,
  }
  return { ...timed({ error }, { after, inQueue }), isRefusal: inQueue === undefined && refusals.includes(code) }
}

/**
 * The answer comes when the test says so. Until then the request runs, or, with
 * `inQueue`, stands at that place in line.
 *
 * @example
 * const later = hold({ inQueue: 3 })
 * client.on({ url: /images/ }, later)
 * // … send, and look at place 3 …
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
          'This held answer was let go before. Make one with hold() for each answer; several given to client.on are taken in turn.',
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
  if (!(after >= 0 && after < Infinity)) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `after must be a number of milliseconds, 0 or more; it is ${shown(after)}. For an answer that comes when the test says so, use hold().`,
      { path: 'after' },
    )
  }
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

function checkPlace(inQueue: number): void {
  if (Number.isInteger(inQueue) && inQueue >= 1) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `A place in line must be a whole number, 1 (running) or more; it is ${shown(inQueue)}.`,
    { path: 'inQueue' },
  )
}

function written(body: unknown): Pick<UpstreamResponse, 'headers' | 'body' | 'encoding'> {
  if (body === undefined) return { headers: {}, body: '' }
  if (typeof body === 'string') return { headers: { 'content-type': 'text/plain' }, body }
  if (body instanceof Uint8Array) {
    const bytes = Array.from(body, (byte) => String.fromCharCode(byte)).join('')
    return { headers: { 'content-type': 'application/octet-stream' }, body: btoa(bytes), encoding: 'base64' }
  }
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}
