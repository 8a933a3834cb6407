import { setTimeout as sleep } from 'node:timers/promises'
import { asClientSecretError, ClientSecretError } from '../../protocol/errors.ts'
import type { UpstreamResponse } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { Room } from '../common/bytes-in-flight.ts'
import { shareTurn } from '../common/share-turn.ts'
import type { Key } from '../keys/key.ts'
import { findRule, type CompiledRule } from '../keys/key-rules.ts'
import type { Redactor, RedactorStream } from '../keys/redaction/redactor.ts'
import { call, type Circumstances, type Traffic } from './call-upstream.ts'
import { callError } from './call-errors.ts'
import { comesInEvents, DeltaRedactor } from './delta-redactor.ts'
import type { OpenedAnswer, Upstream } from './http-client.ts'
import type { RawBody } from './raw-body.ts'
import { isRedirect, maxRedirects } from './redirect.ts'
import { looksCompressed, mayBeCompressed, refuseConcealedSecrets } from './undeclared-compression.ts'

/** The redacted head of an answer. */
export interface AnswerHead {
  status: number
  statusText: string
  headers: Record<string, string>
}

/** The parts of a call outside of its record. */
export interface RawCall {
  /** Null if the request has `data`, or no body. A multipart form can have both. */
  body: RawBody | null
  /** Takes the answer in place of the record. */
  reader?: AnswerReader | undefined
}

export function isKept(raw: RawCall | undefined): boolean {
  return raw?.reader?.isKept ?? false
}

/** Takes an answer as it arrives. */
export interface AnswerReader {
  redirect: 'follow' | 'manual' | 'error'
  /** Called once, before any `write`. */
  begin(head: AnswerHead): void
  /** Resolves when there is room for more; rejects with the reason of the signal. */
  write(chunk: Buffer, signal: AbortSignal): Promise<void>
  /** Whether the call goes on without a reader, because its bytes are kept. Default false. */
  isKept?: boolean | undefined
  /** Called after the last `write`, before the end of the call is known. */
  flush?: (() => Promise<void>) | undefined
}

/**
 * Makes a call as `call` does, with the same rules, redirects and second value of a key. It redacts the answer's body
 * and passes it on as it arrives. At the end of the body, it returns the answer without the body.
 *
 * @throws ClientSecretError if there is no answer, or if it breaks off. Its code and message say why.
 */
export async function streamAnswer(
  key: Key,
  request: ClientSecretRequest,
  circumstances: Circumstances & { upstream: Pick<Upstream, 'open'> },
  reader: AnswerReader,
): Promise<UpstreamResponse> {
  let opened: OpenedAnswer | undefined
  let first: URL | undefined
  let isRedirected = false
  const { traffic, secrets, responseBytes, signal, room } = circumstances
  const held = heldIn(room, { signal, url: new URL(request.url) })
  const upstream: Pick<Upstream, 'call'> = {
    async call(prepared, options) {
      // The answer before was a redirect, or refused another value.
      opened?.body.discard()
      first ??= prepared.url
      isRedirected ||= prepared.url.href !== first.href
      // As every fetch: some APIs choose the format of their answer by it.
      const headers = { accept: '*/*', ...prepared.headers }
      opened = await circumstances.upstream.open({ ...prepared, headers }, options)
      return { ...opened, body: noBytes }
    },
  }
  try {
    const redirects = reader.redirect === 'follow' ? maxRedirects : 0
    const response = await call(key, request, { ...circumstances, upstream }, redirects)
    const answer = opened!
    const { status, headers } = response
    if (reader.redirect === 'error' && isRedirect(status, headers['location'])) throw redirectRefused()
    const isEmpty = answer.isEmpty && status !== 204 && status !== 304
    reader.begin({
      status,
      statusText: secrets.text(answer.statusText),
      // Some clients expect a body unless the length is 0.
      headers: isEmpty ? { ...headers, 'content-length': '0' } : headers,
    })
    const counted = count(answer.body, traffic)
    const looked = lookedThrough(counted, headers['content-type'], { secrets, maxBytes: responseBytes, held })
    const isAllowed = isRedirected ? key.rules.every(letsStream) : letsStream(findRule(key, request))
    const whole = isAllowed ? looked : gathered(looked, responseBytes, held)
    // Texts in pieces come first, because the other search leaves gaps in them.
    const joined = comesInEvents(headers['content-type']) ? redacted(whole, new DeltaRedactor(secrets), held) : whole
    try {
      for await (const chunk of redacted(joined, secrets.stream(), held)) await reader.write(chunk, signal)
    } finally {
      await reader.flush?.()
    }
    return response
  } finally {
    opened?.body.discard()
    held.releaseAll()
  }
}

const noBytes = Buffer.alloc(0)

function redirectRefused(): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    "The API redirects this call, and the call's option redirect is 'error'. Call the final url, or set redirect to 'follow' or 'manual'.",
    { path: 'redirect' },
  )
}

async function* count(body: AsyncIterable<Buffer>, traffic: Traffic): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    traffic.received += chunk.length
    traffic.read?.(chunk)
    yield chunk
  }
}

/** The bytes that a stream holds back, as part of the bytes in flight. */
interface Held {
  /**
   * More than the beginning of an answer waits until there is room for it. Rejects with `RATE_LIMITED` or `UNAVAILABLE`
   * if there is none for `longestWait`.
   */
  change(by: number): Promise<void>
  releaseAll(): void
}

/**
 * Bytes that a stream may hold back in any case: the text that it looks through, the chunk that ends it, and what may be
 * the beginning of a secret. Without them, a full relay would break off the answer of every call that it has let in.
 */
const beginningLength = 262_144
/**
 * Milliseconds in which a stream waits for room, and its API with it. Not for ever: streams that all hold a part of
 * their answers would wait for one another.
 */
const longestWait = 30_000
const betweenTries = 100

function heldIn(room: Room, ending: { signal: AbortSignal; url: URL }): Held {
  let size = 0
  return {
    async change(by) {
      if (by > 0 && size + by > beginningLength) await roomFor(room, by, ending)
      else if (by !== 0) room.hold(size + by)
      size += by
    },
    releaseAll: () => void (size > 0 && room.hold((size = 0))),
  }
}

async function roomFor(room: Room, bytes: number, { signal, url }: { signal: AbortSignal; url: URL }): Promise<void> {
  for (const deadline = performance.now() + longestWait; ; await sleep(betweenTries)) {
    if (signal.aborted) throw callError(signal.reason, url)
    try {
      return room.demand(bytes)
    } catch (error) {
      if (performance.now() < deadline) continue
      const { code, message, retryAfter } = asClientSecretError(error)
      // "Try again" alone would be wrong: unlike a refused request, this one has reached the API.
      const text = `The API may have acted, but its answer had no room. ${message}`
      throw new ClientSecretError(code, text, { retryAfter })
    }
  }
}

/** Bytes of one step: a few milliseconds of work. */
const stepLength = 32_768

async function* redacted(
  body: AsyncIterable<Buffer>,
  stream: Pick<RedactorStream, 'push' | 'end' | 'held'>,
  held: Held,
): AsyncGenerator<Buffer> {
  let before = 0
  const account = async () => {
    const more = stream.held - before
    before += more
    await held.change(more)
  }
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; at += stepLength) {
      await shareTurn()
      const certain = stream.push(chunk.subarray(at, at + stepLength))
      await account()
      if (certain.length > 0) yield certain
    }
  }
  const rest = stream.end()
  await account()
  if (rest.length > 0) yield rest
}

/** An API may echo `params` and `data` in pieces. Such an answer streams only if its rule allows it. */
function letsStream({ places, stream }: Pick<CompiledRule, 'places' | 'stream'>): boolean {
  return stream || !places.some((place) => /^(params\.|data#)/.test(place))
}

async function* gathered(body: AsyncIterable<Buffer>, maxBytes: number, held: Held): AsyncGenerator<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw tooLarge('does not stream', maxBytes)
    await held.change(chunk.length)
    chunks.push(chunk)
  }
  yield Buffer.concat(chunks)
  await held.change(-size)
}

/** Bytes of text after which an answer cannot be compressed. */
const longText = 65_536

/**
 * Finds bodies that are compressed without a Content-Encoding. Text passes as it arrives. Other bytes wait until no
 * decoder accepts them, which is clear after a few bytes for most formats. The relay gathers and searches a body that
 * may be compressed.
 */
async function* lookedThrough(
  body: AsyncIterable<Buffer>,
  contentType: string | undefined,
  { held, ...look }: { secrets: Redactor; maxBytes: number; held: Held },
): AsyncGenerator<Buffer> {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const seen: Buffer[] = []
  let size = 0
  let given = 0
  let isText = true
  let isFree = false
  let nextLook = 4
  const rest = () => {
    const whole = Buffer.concat(seen).subarray(given)
    given = size
    return whole
  }
  for await (const chunk of body) {
    if (isFree) {
      yield chunk
      continue
    }
    seen.push(chunk)
    size += chunk.length
    await held.change(chunk.length)
    if (size > look.maxBytes) throw tooLarge('may be compressed', look.maxBytes)
    isText &&= isUtf8Part(utf8, chunk)
    if (size < nextLook) continue
    // The first bytes decide.
    if (isText && given === 0) isText = !looksCompressed(Buffer.concat(seen))
    if (isText) {
      yield given === 0 ? rest() : chunk
      given = size
      isFree = size > longText
    } else if (await mayBeCompressed(Buffer.concat(seen), contentType, look.maxBytes)) nextLook = size * 2
    else {
      isFree = true
      yield rest()
    }
    if (isFree) {
      seen.length = 0
      await held.change(-size)
    }
  }
  if (isFree) return
  const whole = Buffer.concat(seen)
  await refuseConcealedSecrets(whole, contentType, look)
  if (given < size) yield whole.subarray(given)
  await held.change(-size)
}

function isUtf8Part(decoder: TextDecoder, chunk: Buffer): boolean {
  try {
    decoder.decode(chunk, { stream: true })
    return true
  } catch {
    return false
  }
}

function tooLarge(reason: string, limit: number): ClientSecretError {
  return new ClientSecretError(
    'RESPONSE_TOO_LARGE',
    `The API's answer is larger than ${limit} bytes, the relay's limit for an answer that ${reason} (limits.responseBytes). Ask the API for less, or raise the limit.`,
  )
}
