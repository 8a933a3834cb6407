import ipaddr from 'ipaddr.js'
import { Agent, buildConnector } from 'undici'
import type { Room } from '../common/bytes-in-flight.ts'
import { encodingOf, hasBody, type UpstreamAnswer } from './answer-head.ts'
import { passedOn } from './answer-headers.ts'
import { decodeBody } from './decode-body.ts'
import { exchange, tooLate, type Receive } from './exchange.ts'
import { addressRefused, checkedLookup, dns, isAllowedAddress, type Resolve, type SocketLookup } from './ip-filter.ts'
import { connectTimeout, callError, downloadTooLarge, timedOut, wentSilent } from './call-errors.ts'
import type { RightToCall } from './right-to-call.ts'
import { createStreamedBody, type StreamedBody } from './streamed-body.ts'
import { isSentOnce, type RawUpstreamCall } from './raw-body.ts'
import { paced } from './paced-upload.ts'
import { receiveWhole } from './whole-answer.ts'

/** An answer whose body is still on its way. */
export interface OpenedAnswer extends Omit<UpstreamAnswer, 'body'> {
  statusText: string
  /** Whether its head says that it has no body. */
  isEmpty: boolean
  /** Decoded. A reader that stops before the end must discard it. */
  body: StreamedBody
}

export interface UpstreamLimits {
  /** Time limit in milliseconds: for a whole answer, or for the head of a streamed one. */
  upstreamTimeout: number
  /** Maximum silence of a streamed answer, in milliseconds. */
  streamIdleTimeout: number
  /** Maximum duration of a streamed answer, in milliseconds. */
  streamTimeout: number
  /** Maximum answer in bytes, after decompression: of a whole one, and of a streamed one. */
  responseBytes: number
  downloadBytes: number
}

export interface UpstreamOptions {
  allowPrivateNetwork: boolean
  signal: AbortSignal
  /** Holds the bytes of the answer. */
  room: Room
  right: RightToCall
}

export interface Upstream {
  /** Gives the whole answer. */
  call(call: RawUpstreamCall, options: UpstreamOptions): Promise<UpstreamAnswer>
  /** Gives the answer as soon as its head arrives. */
  open(call: RawUpstreamCall, options: Omit<UpstreamOptions, 'room'>): Promise<OpenedAnswer>
  close(): Promise<void>
}

/** The network between the relay and the upstreams. The `attack` command brings its own. */
export interface Network {
  resolve: Resolve
  /** Opens sockets to the addresses that `lookup` gives. */
  connector: (lookup: SocketLookup) => buildConnector.connector
}

export const internet: Network = {
  resolve: dns,
  connector: (lookup) => buildConnector({ lookup, timeout: connectTimeout }),
}

/** Some APIs, such as GitHub's, refuse calls without a User-Agent. The caller's own has precedence. */
const userAgent = 'react-client-secret'

/** The only way out to the upstreams. */
export function createUpstream(limits: UpstreamLimits, network: Network = internet): Upstream {
  const agentFor = (allowPrivateNetwork: boolean) =>
    new Agent({
      connect: network.connector(checkedLookup(allowPrivateNetwork, network.resolve)),
      allowH2: false,
      // `beginCall` limits the whole call.
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  const agents = { public: agentFor(false), private: agentFor(true) }

  const begin = (call: RawUpstreamCall, options: Omit<UpstreamOptions, 'room'>) =>
    beginCall(call, options, limits, options.allowPrivateNetwork ? agents.private : agents.public)

  return {
    async call(call, options) {
      const begun = begin(call, options)
      try {
        return await begun.exchange(receiveWhole(limits.responseBytes, options.room, begun.signal))
      } catch (error) {
        throw callError(error, call.url)
      } finally {
        begun.over()
      }
    },

    async open(call, options) {
      const begun = begin(call, options)
      const failed = (error: unknown) => {
        begun.over()
        return callError(error, call.url)
      }
      try {
        return await begun.exchange<OpenedAnswer>((head, { connection, ended, fail }) => {
          const { method, status, statusText, headers } = head
          begun.limitTo(limits.streamTimeout)
          const isEmpty = !hasBody(head)
          let size = 0
          const { streamIdleTimeout } = limits
          const body = createStreamedBody({
            idleTimeout: streamIdleTimeout,
            onIdle: () => fail(wentSilent(call.url, streamIdleTimeout)),
            onDiscard: () => fail(new Error('the reader discarded the rest')),
            toError: failed,
          })
          const { flows, ...decoding } = decodeBody(isEmpty ? '' : encodingOf(headers), connection, {
            keep(chunk) {
              size += chunk.length
              if (size > limits.downloadBytes) fail(downloadTooLarge(limits.downloadBytes))
              else body.add(chunk)
            },
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

/** The common part of `call` and `open`: the address check, the time limits, and another try when the right to call expired. */
function beginCall(
  call: RawUpstreamCall,
  options: Omit<UpstreamOptions, 'room'>,
  limits: UpstreamLimits,
  dispatcher: Agent,
) {
  const { method, url, headers } = call
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
  const [body, length] = isSentOnce(call.body)
    ? [paced(call.body, { ...limits, limitTo, fail: (reason) => ending.abort(reason), url }), call.body.size]
    : [call.body, undefined]
  const request = {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method,
    headers: {
      'user-agent': userAgent,
      ...headers,
      'accept-encoding': 'identity',
      ...(length !== undefined && { 'content-length': String(length) }),
    },
    // The dispatcher takes an iterable too, which its types do not say.
    body: body as Uint8Array | string | null,
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
        const answer = await exchange(dispatcher, request, ending.signal, right, receive)
        if (answer !== tooLate) return answer
      }
    },
  }
}
