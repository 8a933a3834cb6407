import { isUtf8 } from 'node:buffer'
import { pipeline, type Readable } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import ipaddr from 'ipaddr.js'
import { Agent, buildConnector, request as send } from 'undici'
import { ClientSecretError, isClientSecretError } from '../protocol/errors.ts'
import { addressRefused, checkedLookup, dns, isAllowedAddress, type Resolve, type SocketLookup } from './addresses.ts'
import type { UpstreamCall } from './substitute.ts'

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

export interface Upstream {
  call(call: UpstreamCall, options: { allowPrivateNetwork: boolean; signal: AbortSignal }): Promise<UpstreamAnswer>
  close(): Promise<void>
}

/** What lies between the relay and the upstreams. The `attack` command puts one of its own in place. */
export interface Network {
  resolve: Resolve
  /** Opens sockets to the addresses that `lookup` gives. */
  connector: (lookup: SocketLookup) => buildConnector.connector
}

export const internet: Network = {
  resolve: dns,
  connector: (lookup) => buildConnector({ lookup, timeout: 10_000 }),
}

/** Headers of an answer that say something about the answer. Cookies, and what would instruct a browser, stay here. */
const passedOn =
  /^(content-(type|language|disposition|range)|date|etag|last-modified|expires|cache-control|age|link|location|retry-after|allow|deprecation|sunset|warning|request-id|idempotency-key|(?!x-(frame-options|xss-protection|content-type-options|powered-by)$)x-.+|.*ratelimit.*|[a-z]+-(request-id|version|processing-ms|model|organization))$/

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
    async call({ method, url, headers, body }, { allowPrivateNetwork, signal }) {
      // A socket looks up names only, so an address in the url is checked here.
      const host = url.hostname.replace(/^\[|\]$/g, '')
      if (ipaddr.isValid(host) && !isAllowedAddress(host, allowPrivateNetwork)) throw addressRefused(host)
      const deadline = AbortSignal.timeout(limits.upstreamTimeout)
      try {
        const response = await send(url, {
          method,
          headers: { ...headers, 'accept-encoding': 'identity' },
          body,
          dispatcher: allowPrivateNetwork ? agents.private : agents.public,
          signal: AbortSignal.any([signal, deadline]),
        })
        const received = flatten(response.headers)
        return {
          status: response.statusCode,
          headers: Object.fromEntries(Object.entries(received).filter(([name]) => passedOn.test(name))),
          // An answer that has no body may say how the body it has not is encoded.
          body: await readBody(
            response.body,
            hasBody(response.statusCode, received) ? received['content-encoding'] : undefined,
            limits.responseBytes,
          ),
        }
      } catch (error) {
        throw upstreamError(error, url, deadline.aborted ? limits.upstreamTimeout : undefined)
      }
    },
    async close() {
      await Promise.all([agents.public.destroy(), agents.private.destroy()])
    },
  }
}

function hasBody(status: number, headers: Record<string, string>): boolean {
  return status !== 204 && status !== 304 && headers['content-length'] !== '0'
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value ?? ''].flat().join(', ')]))
}

const decoders = new Map<string, () => NodeJS.ReadWriteStream>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
])

/** The body, decoded, so that it can be looked through. Some servers compress what they were asked not to. */
async function readBody(stream: Readable, encoding: string | undefined, limit: number): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() || 'identity'
  const decode = decoders.get(name)
  if (name !== 'identity' && !decode) {
    discard(stream)
    throw new ClientSecretError(
      'UPSTREAM_ERROR',
      `The API's answer is encoded as ${name}, which the relay cannot look through, so it does not pass it on.`,
    )
  }
  const chunks: Buffer[] = []
  let size = 0
  // A failure on either side ends both; it is thrown by the loop, so the callback has nothing to add.
  const decoded = decode ? pipeline(stream, decode(), () => {}) : stream
  for await (const chunk of decoded as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) {
      discard(stream)
      throw new ClientSecretError(
        'RESPONSE_TOO_LARGE',
        `The API's answer is larger than the relay passes on: ${limit} bytes, its option limits.responseBytes.`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Ends an answer that nobody reads. Ending it early is an error to the stream, and an error that nobody hears ends the process. */
function discard(stream: Readable): void {
  stream.on('error', () => {}).destroy()
}

/** What went wrong on the way, in our words; the library's own words say more of our inside than of the API. */
function upstreamError(thrown: unknown, url: URL, timedOutAfter: number | undefined): ClientSecretError {
  const error = thrown as NodeJS.ErrnoException & { cause?: unknown }
  if (isClientSecretError(error)) return error
  if (isClientSecretError(error.cause)) return error.cause
  if (timedOutAfter !== undefined || error.code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new ClientSecretError(
      'UPSTREAM_TIMEOUT',
      `${url.host} did not answer within ${timedOutAfter ?? 10_000} milliseconds.`,
      { cause: error },
    )
  }
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
    (error.code?.startsWith('Z_')
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
