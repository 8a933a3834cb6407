import {
  fetchAnswerHeader,
  fetchRequestHeader,
  type FetchAnswerHead,
  type FetchRefusalHead,
} from '../protocol/fetch.ts'
import {
  isSettled,
  recordWithBytes,
  type ClientSecretRecord,
  type PollAnswer,
  type WireError,
} from '../protocol/record.ts'
import { parts } from '../relay/http/described-call.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import type { RecordedPiece, RecordedRequest, Recording } from '../protocol/recording.ts'

export type Relay = (request: Request) => Promise<Response>

/** A relay that is recorded. */
export interface Recorder {
  /** Calls the relay. */
  fetch: Relay
  /** The recordings so far, in the order of their answers. */
  readonly recordings: readonly Recording[]
  /** Resolves when all requests so far are settled and recorded. */
  settled: () => Promise<void>
}

/** How long a poll is held, in milliseconds. */
const heldFor = 20_000

/**
 * Records what a relay answers: outside of it, where secrets are redacted.
 *
 * @param onRecording Called with all recordings after each new one.
 */
export function createRecorder(relay: Relay, onRecording: (all: readonly Recording[]) => void = () => {}): Recorder {
  const recordings: Recording[] = []
  const open = new Set<Promise<void>>()
  /** A client sends a request again after a lost connection. Its answer is the same. */
  const known = new Set<string>()

  function add(id: string | undefined, recording: Recording): void {
    if (id !== undefined && known.has(id)) return
    if (id !== undefined) known.add(id)
    recordings.push(recording)
    onRecording(recordings)
  }

  /** Not waited for: the caller gets the relay's answer at once. */
  function note(work: () => Promise<void>): void {
    const noted = work().catch((error: unknown) => console.error('A request is not recorded:', error))
    open.add(noted)
    void noted.then(() => open.delete(noted))
  }

  /** The record, once it differs from the version that is known. */
  async function poll(from: Request, id: string, version = ''): Promise<ClientSecretRecord | undefined> {
    const base = from.url.replace(/\/(requests|fetch)(\?.*)?$/, '/requests')
    const query = new URLSearchParams({ ids: (version && `${id}:${version}`) || id, wait: `${heldFor}` })
    const answer = await relay(new Request(`${base}?${query}`, { headers: callerOf(from.headers) }))
    const { records, errors } = (await answer.json()) as PollAnswer
    if (errors[0]) throw new Error(errors[0].error.message)
    return records[0]
  }

  async function recordRequest(request: Request): Promise<Response> {
    const asked = request.clone()
    const began = performance.now()
    const answer = await relay(request)
    const copy = answer.clone()
    note(async () => {
      let record = await recordIn(copy)
      if (record.id && (await isStream(asked))) return recordStream(asked, began, await begun(asked, record.id), true)
      while (record.id && record.status && !isSettled({ status: record.status }))
        record = (await poll(asked, record.id, record.version)) ?? record
      // The caller's own end of it.
      if (record.status === 'cancelled') return
      const { id, response, error } = record
      add(id, { request: await requestOf(asked), after: since(began), response, error: kept(error), isRefusal: !id })
    })
    return answer
  }

  async function recordFetch(request: Request): Promise<Response> {
    const asked = request.clone()
    const began = performance.now()
    const answer = await relay(request)
    if (!answer.headers.has(fetchAnswerHeader) || !answer.body) return answer
    const [body, copy] = answer.body.tee()
    note(() => recordStream(asked, began, new Response(copy, answer), false))
    return new Response(body, answer)
  }

  /** @param isKept The end of a kept stream has no error: its record says how it ended. */
  async function recordStream(asked: Request, began: number, answer: Response, isKept: boolean): Promise<void> {
    const after = since(began)
    const both = { request: await requestOf(asked), after }
    const { status, headers, error, id } = headOf(answer)
    if (error) return add(id, { ...both, error: kept(error), isRefusal: !isKept })
    const { pieces, isBroken } = await read(answer.body!)
    const record = (isBroken || isKept) && id ? await poll(asked, id) : undefined
    if (record?.status === 'cancelled') return
    add(id, { ...both, response: { status, headers }, pieces, error: kept(record?.error) })
  }

  /** The stream of a background request, once its call has begun. */
  async function begun(from: Request, id: string): Promise<Response> {
    const url = from.url.replace(/\/requests$/, `/requests/${id}/stream`)
    const ask = () => relay(new Request(url, { headers: callerOf(from.headers) }))
    let answer = await ask()
    for (let { waiting } = headOf(answer); waiting; { waiting } = headOf(answer)) {
      await poll(from, id, waiting.version)
      answer = await ask()
    }
    return answer
  }

  return {
    fetch(request) {
      const { pathname } = new URL(request.url)
      if (request.method !== 'POST') return relay(request)
      if (pathname.endsWith('/requests')) return recordRequest(request)
      return pathname.endsWith('/fetch') ? recordFetch(request) : relay(request)
    },
    recordings,
    async settled() {
      while (open.size > 0) await Promise.all(open)
    },
  }
}

function headOf(answer: Response): FetchAnswerHead & Partial<FetchRefusalHead> {
  const described = answer.headers.get(fetchAnswerHeader)!
  return JSON.parse(Buffer.from(described, 'base64').toString()) as FetchAnswerHead & Partial<FetchRefusalHead>
}

/** The headers that say who calls. */
function callerOf(headers: Headers): [string, string][] {
  return [...headers].filter(
    ([name]) => !/^(content-|idempotency-key|client-secret-request|transfer-encoding)/.test(name),
  )
}

/** Whether a background request has a stream, in place of the answer in its record. */
async function isStream(asked: Request): Promise<boolean> {
  if (asked.headers.has(fetchRequestHeader)) return false
  return ((await asked.clone().json()) as ClientSecretRequest).keep === true
}

/** The request as a relay reads it: JSON, or a header that describes it and a raw body. */
async function requestOf(asked: Request): Promise<RecordedRequest> {
  const header = asked.headers.get(fetchRequestHeader)
  if (header === null) return recorded((await asked.json()) as RecordedRequest)
  const { json, rest } = parts(header, Buffer.from(await asked.arrayBuffer()))
  const request = JSON.parse(json) as RecordedRequest
  const text = rest.toString()
  return recorded(text ? { ...request, data: text } : request)
}

/** The record in an answer: JSON, or with the bytes of the API's answer behind it. */
async function recordIn(answer: Response): Promise<Partial<ClientSecretRecord>> {
  if (answer.headers.get('content-type') !== recordWithBytes) return (await answer.json()) as ClientSecretRecord
  const bytes = Buffer.from(await answer.arrayBuffer())
  const end = 4 + bytes.readUInt32BE()
  const record = JSON.parse(bytes.toString('utf8', 4, end)) as ClientSecretRecord
  const response = { ...record.response!, body: bytes.toString('base64', end), encoding: 'base64' as const }
  return { ...record, response }
}

/** What tells requests apart. */
function recorded({ clientSecretName, url, method, params, data }: RecordedRequest): RecordedRequest {
  return { clientSecretName, url, method, ...(params && { params }), ...(data !== undefined && { data }) }
}

/** The id is that of this record. */
function kept(error: WireError | undefined): WireError | undefined {
  return error && { ...error, requestId: undefined }
}

function since(began: number): number {
  return Math.round(performance.now() - began)
}

async function read(body: ReadableStream<Uint8Array>): Promise<{ pieces: RecordedPiece[]; isBroken: boolean }> {
  const began = performance.now()
  const pieces: RecordedPiece[] = []
  try {
    for await (const bytes of body) pieces.push({ at: since(began), ...written(bytes) })
    return { pieces, isBroken: false }
  } catch {
    return { pieces, isBroken: true }
  }
}

/** As text where it is text, since people read recordings. */
function written(bytes: Uint8Array): Pick<RecordedPiece, 'text' | 'base64'> {
  const buffer = Buffer.from(bytes)
  const text = buffer.toString()
  return Buffer.from(text).equals(buffer) ? { text } : { base64: buffer.toString('base64') }
}
