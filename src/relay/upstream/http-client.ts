import { isUtf8 } from 'node:buffer'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector, errors, type Dispatcher } from 'undici'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { passedOn } from './answer-headers.ts'
import { addressRefused, checkedLookup, dns, isAllowedAddress, type Resolve, type SocketLookup } from './ip-filter.ts'
import { bytesOfRequest, type Room } from '../common/bytes-in-flight.ts'
import { decodeBody, type Body, type Flow } from './decode-body.ts'
import type { RightToCall } from './right-to-call.ts'
import { createStreamedBody, type StreamedBody } from './streamed-body.ts'
import type { UpstreamCall } from './substitute.ts'

/** The upstream's answer: what the relay may pass on of its headers, and the body, decoded. */
export interface UpstreamAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** An answer whose body is still to come. */
export interface OpenedAnswer extends Omit<UpstreamAnswer, 'body'> {
  statusText: string
  /** Whether it says itself that nothing comes. */
  isEmpty: boolean
  /** Decoded. Whoever does not read it to its end discards it. */
  body: StreamedBody
}

export interface UpstreamLimits {
  /** Milliseconds until the whole answer must be there; of one that is passed on as it comes, its head. */
  upstreamTimeout: number
  /** Milliseconds that an answer may be silent which is passed on as it comes, and that it may take as a whole. */
  streamIdleTimeout: number
  streamTimeout: number
  /** Largest answer in bytes, counted after decompression. */
  responseBytes: number
}

export interface UpstreamOptions {
  allowPrivateNetwork: boolean
  signal: AbortSignal
  /** For the answer. */
  room: Room
  right: RightToCall
}

/** A call whose body may be bytes. */
export type RawUpstreamCall = Omit<UpstreamCall, 'body'> & { body: Uint8Array | string | null }

export interface Upstream {
  /** Gives the whole answer. */
  call(call: UpstreamCall, options: UpstreamOptions): Promise<UpstreamAnswer>
  /** Gives the answer as soon as its head is there. */
  open(call: RawUpstreamCall, options: Omit<UpstreamOptions, 'room'>): Promise<OpenedAnswer>
  close(): Promise<void>
}

/** What lies between the relay and the upstreams. The `attack` command puts one of its own in place. */
export interface Network {
  resolve: Resolve
  /** Opens sockets to the addresses that `lookup` gives. */
  connector: (lookup: SocketLookup) => buildConnector.connector
}

/** Milliseconds until there must be a connection. */
const connectTimeout = 10_000

export const internet: Network = {
  resolve: dns,
  connector: (lookup) => buildConnector({ lookup, timeout: connectTimeout }),
}

/** Some APIs refuse calls without one, as GitHub's documentation says. A caller's own takes its place. */
const userAgent = 'react-client-secret'

/** The only place that calls out. */
export function createUpstream(limits: UpstreamLimits, network: Network = internet): Upstream {
  const agentFor = (allowPrivateNetwork: boolean) =>
    new Agent({
      connect: network.connector(checkedLookup(allowPrivateNetwork, network.resolve)),
      allowH2: false,
      // The whole call has one limit, below.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  const agents = { public: agentFor(false), private: agentFor(true) }

  /** What `call` and `open` have in common: the address, the limits of time, and another try where the right to call is too old. */
  function begin(call: RawUpstreamCall, options: Omit<UpstreamOptions, 'room'>) {
    const { method, url, headers, body } = call
    const { allowPrivateNetwork, signal, right } = options
    // A socket looks up names only, so an address in the url is checked here.
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (ipaddr.isValid(host) && !isAllowedAddress(host, allowPrivateNetwork)) throw addressRefused(host)
    const ending = new AbortController()
    const leave = () => ending.abort(signal.reason)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    let timer: NodeJS.Timeout | undefined
    const limitTo = (milliseconds: number) => {
      clearTimeout(timer)
      timer = setTimeout(() => ending.abort(timedOut(url, milliseconds)), milliseconds)
    }
    limitTo(limits.upstreamTimeout)
    const request = {
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers: { 'user-agent': userAgent, ...headers, 'accept-encoding': 'identity' },
      body,
    }
    return {
      limitTo,
      signal: ending.signal,
      over() {
        clearTimeout(timer)
        signal.removeEventListener('abort', leave)
      },
      async exchange<Answer>(receive: Receive<Answer>): Promise<Answer> {
        for (;;) {
          await right.ensure()
          const dispatcher = allowPrivateNetwork ? agents.private : agents.public
          const answer = await exchange(dispatcher, request, ending.signal, right, receive)
          if (answer !== tooLate) return answer
        }
      },
    }
  }

  return {
    async call(call, options) {
      const begun = begin(call, options)
      try {
        return await begun.exchange(gather(limits.responseBytes, options.room, begun.signal))
      } catch (error) {
        throw upstreamError(error, call.url)
      } finally {
        begun.over()
      }
    },

    async open(call, options) {
      const begun = begin(call, options)
      const failed = (error: unknown) => {
        begun.over()
        return upstreamError(error, call.url)
      }
      try {
        return await begun.exchange<OpenedAnswer>((head, { connection, ended, fail }) => {
          const { method, status, statusText, headers } = head
          begun.limitTo(limits.streamTimeout)
          const isEmpty = !hasBody(head)
          const { streamIdleTimeout } = limits
          const body = createStreamedBody({
            idleTimeout: streamIdleTimeout,
            onIdle: () => fail(wentSilent(call.url, streamIdleTimeout)),
            onDiscard: () => fail(new Error('nobody wants the rest')),
            toError: failed,
          })
          const { flows, ...decoding } = decodeBody(isEmpty ? '' : encodingOf(headers), connection, {
            keep: body.add,
            finish() {
              ended()
              begun.over()
              body.end()
            },
            fail,
          })
          body.flowThrough(flows)
          const discard = (reason: unknown) => {
            decoding.discard(reason)
            body.fail(reason)
          }
          const answer = { status, statusText, headers: passedOn(headers, method), isEmpty, body }
          return { body: { ...decoding, discard }, answer }
        })
      } catch (error) {
        throw failed(error)
      }
    },

    async close() {
      await Promise.all([agents.public.destroy(), agents.private.destroy()])
    },
  }
}

/** Nothing was sent: when there was a connection, the right to call had to be shown anew. */
const tooLate = Symbol('too late')

interface Head {
  /** Of the request. */
  method: string
  status: number
  statusText: string
  headers: Record<string, string>
}

/** Takes an answer from its head on; gives what takes its body, and the answer, where that is there with the head. */
type Receive<Answer> = (
  head: Head,
  call: {
    connection: Dispatcher.DispatchController
    /** The answer is there. */
    answered: (answer: Answer) => void
    /** The body is there. */
    ended: () => void
    fail: (reason: unknown) => void
  },
) => { body: Body; answer?: Answer }

/**
 * Sends one request and receives its answer. On the dispatcher itself, because
 * undici's `request` makes a stream of each answer, which takes as long as the call.
 */
function exchange<Answer>(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
  right: RightToCall,
  receive: Receive<Answer>,
): Promise<Answer | typeof tooLate> {
  return new Promise((resolve, reject) => {
    let connection: Dispatcher.DispatchController | undefined
    let body: Body | undefined
    let failure: unknown
    const ended = () => signal.removeEventListener('abort', leave)
    /** Ends the call wherever it is: nobody waits for what is still to come. */
    const fail = (reason: unknown) => {
      ended()
      failure ??= reason
      reject(failure)
      body?.discard(failure)
      connection?.abort(failure as Error)
    }
    const leave = () => fail(signal.reason)
    if (signal.aborted) return leave()
    signal.addEventListener('abort', leave, { once: true })

    dispatcher.dispatch(request, {
      onRequestStart(controller) {
        connection = controller
        if (failure) controller.abort(failure as Error)
        // The last moment before it is sent, on a connection that may have taken a while. Thrown, it leaves that as it is.
        if (right.isFresh()) return
        resolve(tooLate)
        throw new Error('too late')
      },
      onResponseStart(controller, status, received, statusText = '') {
        // Such as 103, before the answer itself.
        if (status < 200) return
        const headers = flatten(received)
        if (isPart(status, headers)) return fail(partRefused())
        try {
          const call = { connection: controller, answered: resolve, ended, fail }
          const { body: begun, answer } = receive({ method: request.method, status, statusText, headers }, call)
          body = begun
          if (answer !== undefined) resolve(answer)
        } catch (error) {
          fail(error)
        }
      },
      onResponseData: (_controller, chunk) => body?.add(chunk),
      onResponseEnd() {
        if (body) body.end()
        // After a status such as 101, which announces an answer and is none.
        else fail(new errors.SocketError('no answer'))
      },
      onResponseError: (_controller, error) => fail(error),
    })
  })
}

/** Takes an answer as a whole, in the room that there is. */
function gather(limit: number, room: Room, signal: AbortSignal): Receive<UpstreamAnswer> {
  return (head, { connection, answered, ended, fail }) => {
    const { method, status, headers } = head
    // An answer that has no body may say how the body it has not is encoded.
    const encoding = hasBody(head) ? encodingOf(headers) : ''
    // Of one that is encoded only its end tells how much it is.
    const announced = encoding || method === 'HEAD' ? NaN : Number(headers['content-length'] ?? NaN)
    const chunks: Buffer[] = []
    let size = 0
    let hasRoom = false
    const { flows, ...body } = decodeBody(encoding, connection, {
      keep(chunk) {
        size += chunk.length
        if (size > limit) return fail(tooLarge(limit))
        chunks.push(chunk)
        if (size > bytesOfRequest && !hasRoom) waitForRoom(flows)
      },
      finish() {
        ended()
        const whole = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
        room.hold(whole.length)
        answered({ status, headers: passedOn(headers, method), body: whole })
      },
      fail,
    })
    /** The rest of a large answer waits at its API until there is room for it. */
    function waitForRoom(waiting: readonly Flow[]): void {
      hasRoom = true
      for (const flow of waiting) flow.pause()
      room.wait(Math.min(announced || limit, limit), signal).then(() => waiting.forEach((flow) => flow.resume()), fail)
    }
    return { body }
  }
}

function hasBody({ method, status, headers }: Head): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304 && headers['content-length'] !== '0'
}

/** A refusal of a part (416) has a Content-Range too, and no part. */
function isPart(status: number, headers: Record<string, string>): boolean {
  return status === 206 || (status !== 416 && headers['content-range'] !== undefined)
}

/** In which a body is, once it is one piece: also that of the transfer, which HTTP allows beside `chunked`. */
function encodingOf(headers: Record<string, string>): string {
  const ofTransfer = headers['transfer-encoding']?.replace(/(^|,)\s*chunked\s*$/i, '')
  return [headers['content-encoding'], ofTransfer].filter(Boolean).join(', ')
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [name, typeof value === 'string' ? value : value.join(', ')]),
  )
}

/** Whoever chose the parts could let a secret fall apart into pieces of which none is known as one. */
function partRefused(): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    "The API's answer is a part of something larger (206, or with Content-Range), in which a secret that is cut in two cannot be found, so the relay does not pass it on. Ask the API for the whole.",
  )
}

function tooLarge(limit: number): ClientSecretError {
  return new ClientSecretError(
    'RESPONSE_TOO_LARGE',
    `The API's answer is larger than the relay passes on: ${limit} bytes, its option limits.responseBytes.`,
  )
}

function wentSilent({ host }: URL, milliseconds: number): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_TIMEOUT',
    `${host} sent nothing more of its answer for ${milliseconds} milliseconds.`,
  )
}

function timedOut(url: URL, milliseconds: number): ClientSecretError {
  return new ClientSecretError('UPSTREAM_TIMEOUT', `${url.host} did not answer within ${milliseconds} milliseconds.`)
}

/** What went wrong on the way, in our words; the library's own words say more of our inside than of the API. */
function upstreamError(thrown: unknown, url: URL): ClientSecretError {
  const error = thrown as NodeJS.ErrnoException & { cause?: unknown }
  if (isClientSecretError(error)) return error
  if (isClientSecretError(error.cause)) return error.cause
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return timedOut(url, connectTimeout)
  if (error.name === 'AbortError')
    return new ClientSecretError('ABORTED', 'The call was ended before its answer was there.', { cause: error })
  const reasons: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'there is no such host',
    EAI_AGAIN: 'its name could not be looked up',
    ECONNRESET: 'it broke the connection off',
    UND_ERR_SOCKET: 'it broke the connection off',
    UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'it broke off in the middle of its answer',
  }
  const reason =
    reasons[error.code ?? ''] ??
    (/^(Z_|ZSTD_|ERR__ERROR_FORMAT)/.test(error.code ?? '')
      ? 'its answer could not be decompressed'
      : `the connection failed (${error.code ?? error.name})`)
  return new ClientSecretError('UPSTREAM_UNREACHABLE', `${url.host} could not be reached or broke off: ${reason}.`, {
    cause: error,
  })
}

/** Text where the bytes are text, so that JSON travels readable; bytes otherwise. */
export function isText(body: Buffer, contentType: string | undefined): boolean {
  return (
    !/^(image|audio|video|font)\/(?!svg)|^application\/(octet-stream|pdf|zip|gzip)/i.test(contentType ?? '') &&
    isUtf8(body)
  )
}
