import type { ClientCore } from '../client/create-core.ts'
import { createStream, type StreamObject, type StreamParams } from '../client/create-stream.ts'
import { holdsPlaceholder, refusals } from '../client/fetch-with.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import { refusalOf } from '../protocol/fetch.ts'
import type { KeptCall } from './chat-store.ts'

/** The calls of one answer. */
export interface CallLog {
  /** The next call of the model: that of before the reload, or a new one. */
  next: () => { call: KeptCall; isKnown: boolean }
  /** Called when a call has its record. */
  began: (call: KeptCall, id: string) => void
  /** Called when a call ends without its outcome. The relay may have the rest of it. */
  lost: () => void
}

/** Milliseconds in which a call that the relay does not know is sent again. Later, it may have expired. */
const sentAgainFor = 60_000

/** Statuses of a Response without a body. */
const bodiless = [204, 205, 304]

/**
 * A fetch for the model of an agent. The relay keeps the answers: after a reload, the same calls give the same answers,
 * from the beginning, and then what follows.
 */
export function keptFetch(
  client: ClientCore,
  clientSecretName: string,
  queue: string | undefined,
  log: CallLog,
): typeof fetch {
  return async (input, init) => {
    // Without the signal, which may come from another realm.
    const asked = new Request(input, { ...init, signal: null })
    const headers = Object.fromEntries(asked.headers)
    const url = asked.url.replaceAll('%24CLIENT', '$CLIENT')
    const text = await asked.text()
    const signal = init?.signal ?? undefined
    signal?.throwIfAborted()
    if (![url, text, ...Object.values(headers)].some(holdsPlaceholder)) return fetch(input, init)
    const params = { clientSecretName, url, method: asked.method, headers, data: parsed(text), keep: true, queue }
    const { call, isKnown } = log.next()
    const given = { client, call, log, signal }
    if (isKnown) {
      const answer = await answerOf(given)
      const isNeverSent = refusals.get(answer)?.code === 'REQUEST_NOT_FOUND' && !call.id
      if (!isNeverSent || Date.now() - call.at > sentAgainFor) return answer
    }
    return answerOf({ ...given, params: params as StreamParams })
  }
}

interface Given {
  client: ClientCore
  call: KeptCall
  log: CallLog
  signal: AbortSignal | undefined
  /** Sends the request. Without it, the answer is that of before. */
  params?: StreamParams
}

/** Reads a stream as a Response. A refusal of the relay is a Response too, because an SDK would repeat a call that throws. */
function answerOf({ client, call, log, signal, params }: Given): Promise<Response> {
  const { idempotencyKey, id } = call
  return new Promise((resolve, reject) => {
    let body!: ReadableStreamDefaultController<Uint8Array>
    let isGiven = false
    const stream: StreamObject<Uint8Array, undefined> = createStream<Uint8Array, undefined>(client, {
      ...(params ? { params, idempotencyKey } : id ? { record: { id } } : { idempotencyKey }),
      signal,
      options: () => ({ read: 'bytes', reduce: () => undefined, onEvent: (chunk) => body.enqueue(chunk) }),
      onChange() {
        const { status, response, record } = stream.state()
        if (record && !call.id) log.began(call, record.id)
        if (isGiven || status !== 'streaming') return
        isGiven = true
        resolve(new Response(bodiless.includes(response!.status) ? null : bytes, response))
      },
    })
    const bytes = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => void (body = controller),
      cancel: stream.stop,
    })
    void (params ? stream.send() : stream.resume()).then(() => {
      const { status, error, response } = stream.state()
      if (status === 'resolved') return body.close()
      if (!error) return
      if (error.code === 'NETWORK_ERROR' || error.code === 'UNAVAILABLE') log.lost()
      const reason = signal?.aborted ? (signal.reason as Error) : error
      if (isGiven) body.error(reason)
      else if (response) resolve(new Response(textOf(error.data), response))
      else if (signal?.aborted || error.code === 'NETWORK_ERROR') reject(reason)
      else resolve(refusalResponse(error))
    })
  })
}

/** `clientSecretErrorOf` finds the error in it. */
function refusalResponse(error: ClientSecretError): Response {
  const { head, body } = refusalOf(error, error.status)
  const response = new Response(body, head)
  refusals.set(response, error)
  return response
}

function textOf(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data)
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      'A kept chat sends JSON only. Give this call the fetch of client.fetchWith.',
      {
        path: 'body',
      },
    )
  }
}
