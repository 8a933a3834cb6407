import { isUtf8 } from 'node:buffer'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, type Gunzip } from 'node:zlib'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector, errors, type Dispatcher } from 'undici'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { passedOn } from './answer-headers.ts'
import { addressRefused, checkedLookup, dns, isAllowedAddress, type Resolve, type SocketLookup } from './ip-filter.ts'
import { bytesOfRequest, type Room } from '../common/bytes-in-flight.ts'
import type { RightToCall } from './right-to-call.ts'
import type { UpstreamCall } from './substitute.ts'
import { createZstdDecoder } from './zstd.ts'

/** The upstream's answer: what the relay may pass on of its headers, and the body, decoded. */
export interface UpstreamAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

export interface UpstreamLimits {
  /** Milliseconds until the whole answer must be there. */
  upstreamTimeout: number
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

export interface Upstream {
  call(call: UpstreamCall, options: UpstreamOptions): Promise<UpstreamAnswer>
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

  return {
    async call({ method, url, headers, body }, { allowPrivateNetwork, signal, room, right }) {
      // A socket looks up names only, so an address in the url is checked here.
      const host = url.hostname.replace(/^\[|\]$/g, '')
      if (ipaddr.isValid(host) && !isAllowedAddress(host, allowPrivateNetwork)) throw addressRefused(host)
      const ending = new AbortController()
      const leave = () => ending.abort(signal.reason)
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
      const timer = setTimeout(() => ending.abort(timedOut(url, limits.upstreamTimeout)), limits.upstreamTimeout)
      const request = {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers: { 'user-agent': userAgent, ...headers, 'accept-encoding': 'identity' },
        body,
      }
      try {
        for (;;) {
          await right.ensure()
          const answer = await exchange(
            allowPrivateNetwork ? agents.private : agents.public,
            request,
            ending.signal,
            limits.responseBytes,
            room,
            right,
          )
          if (answer !== tooLate) return answer
        }
      } catch (error) {
        throw upstreamError(error, url)
      } finally {
        clearTimeout(timer)
        signal.removeEventListener('abort', leave)
      }
    },
    async close() {
      await Promise.all([agents.public.destroy(), agents.private.destroy()])
    },
  }
}

/** Nothing was sent: when there was a connection, the right to call had to be shown anew. */
const tooLate = Symbol('too late')

/**
 * Sends one request and gathers its answer. On the dispatcher itself, because
 * undici's `request` makes a stream of each answer, which takes as long as the call.
 */
function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  signal: AbortSignal,
  maxBytes: number,
  room: Room,
  right: RightToCall,
): Promise<UpstreamAnswer | typeof tooLate> {
  return new Promise((resolve, reject) => {
    let connection: Dispatcher.DispatchController | undefined
    let body: Body | undefined
    let failure: unknown
    /** Ends the call wherever it is: nobody waits for what is still to come. */
    const fail = (reason: unknown) => {
      signal.removeEventListener('abort', leave)
      failure ??= reason
      reject(failure)
      body?.discard()
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
      onResponseStart(controller, status, received) {
        // Such as 103, before the answer itself.
        if (status < 200) return
        const headers = flatten(received)
        const answer = (bytes: Buffer) => {
          signal.removeEventListener('abort', leave)
          room.hold(bytes.length)
          resolve({ status, headers: passedOn(headers), body: bytes })
        }
        if (isPart(status, headers)) return fail(partRefused())
        try {
          // An answer that has no body may say how the body it has not is encoded.
          const encoding = hasBody(status, headers) ? encodingOf(headers) : undefined
          // Of one that is encoded only its end tells how much it is.
          const announced = encoding ? NaN : Number(headers['content-length'] ?? NaN)
          const getRoom = () => room.wait(Math.min(announced || maxBytes, maxBytes), signal)
          body = createBody(encoding, maxBytes, controller, getRoom, answer, fail)
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

function hasBody(status: number, headers: Record<string, string>): boolean {
  return status !== 204 && status !== 304 && headers['content-length'] !== '0'
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

const decoders = new Map<string, () => (Transform & Pick<Gunzip, 'bytesWritten'>) | undefined>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecoder],
])

/** An answer's body while it comes. */
interface Body {
  add(chunk: Buffer): void
  end(): void
  /** Nobody wants it any more. */
  discard(): void
}

/** The body, decoded, so that it can be looked through. Some servers compress what they were asked not to. */
function createBody(
  encoding = '',
  limit: number,
  connection: Dispatcher.DispatchController,
  getRoom: () => Promise<void>,
  done: (body: Buffer) => void,
  fail: (reason: unknown) => void,
): Body {
  const chunks: Buffer[] = []
  let size = 0
  let hasRoom = false
  /** What the body comes through. */
  const flows: { pause(): unknown; resume(): unknown }[] = [connection]
  const keep = (chunk: Buffer) => {
    size += chunk.length
    if (size > limit) return fail(tooLarge(limit))
    chunks.push(chunk)
    if (size > bytesOfRequest && !hasRoom) waitForRoom()
  }
  /** The rest of a large answer waits at its API until there is room for it. */
  function waitForRoom(): void {
    hasRoom = true
    for (const flow of flows) flow.pause()
    getRoom().then(() => flows.forEach((flow) => flow.resume()), fail)
  }
  const finish = () => done(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
  const name = encoding.trim().toLowerCase() || 'identity'
  if (name === 'identity') return { add: keep, end: finish, discard: () => {} }

  const decoder = decoders.get(name)?.()
  if (!decoder) throw undecodable(name)
  let received = 0
  let isReceived = false
  /** When there is nothing more to decode, and nothing more to come. */
  const finishInTheEnd = () => {
    if (!decoder.readableEnded || !isReceived) return
    // Node decodes only the first of several frames, and the rest would be lost without a word.
    if (name === 'zstd' && decoder.bytesWritten < received) fail(undecodable('zstd of several frames'))
    else finish()
  }
  decoder.on('data', keep).on('end', finishInTheEnd).on('error', fail)
  decoder.on('drain', () => connection.resume())
  flows.push(decoder)
  return {
    add(chunk) {
      received += chunk.length
      if (!decoder.write(chunk)) connection.pause()
    },
    end() {
      isReceived = true
      decoder.end()
      finishInTheEnd()
    },
    discard: () => void decoder.destroy(),
  }
}

function undecodable(encoding: string): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    `The API's answer is encoded as ${encoding}, which the relay cannot look through, so it does not pass it on.`,
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
