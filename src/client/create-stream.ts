import { asClientSecretError, ClientSecretError, isGone } from '../protocol/errors.ts'
import { toAscii } from '../protocol/fetch.ts'
import { isSettled, type CancelAnswer, type ClientSecretRecord } from '../protocol/record.ts'
import { callBack } from './callbacks.ts'
import { callFetch, type FetchCall } from './call-fetch.ts'
import { cancelByKey } from './cancel-by-key.ts'
import { nothingToCancel } from './create-request.ts'
import { onAbort } from './on-abort.ts'
import { randomId } from './random-id.ts'
import { errorFromWire, readRecord } from './read-record.ts'
import type { KeyAndUrl } from './registered-keys.ts'
import type { RequestDetails } from './request-params.ts'
import { maySubmitAgain, retryDelay, sleep } from './retry-delay.ts'
import { described, errorOf, inBackground, restarted, restOf } from './stream-call.ts'
import { createStreamContent, type StreamOptions, type StreamResponse } from './stream-content.ts'
import { toJson } from './to-json.ts'
import type { Transport } from './transport.ts'
import { waitInLine } from './wait-in-line.ts'

/** The request of a stream. With `queue` or `poll`, it runs in the background, and the relay keeps its answer. */
export type StreamParams = KeyAndUrl &
  Omit<RequestDetails, 'responseType'> & {
    /**
     * Keeps the answer with the relay's record until the record expires. The call then goes on without a reader, and
     * any page of the caller can read the stream from any byte. Default false; true with `queue` or `poll`.
     */
    keep?: boolean | undefined
  }

/** The state of a stream. Narrowing on `status` narrows `error`. */
export type StreamState<Event = unknown, Data = unknown> = {
  /** The text so far. Of events, the text of their deltas. Empty for bytes. */
  text: string
  /** The events so far, checked by `schema`. Empty for text and bytes. */
  events: readonly Event[]
  /** The result of `reduce`; without it the last event, the text, or the bytes so far. */
  data: Data
  /** The place in the queue while the status is `queued`: 1 is next. */
  inQueue: number | undefined
  /** The relay's record of the stream, once the request has a place in its queue, or the API answers. `useClientSecretRecord(record.id)` follows it. */
  record: { id: string } | undefined
  /** The head of the API's answer, once it answers. */
  response: StreamResponse | undefined
  /** True from `send` until the stream ends or stops. */
  isStreaming: boolean
} & (
  | {
      /**
       * `idle`: before `send`. `sending`: until the API answers. `queued`: in its queue, before the call. `streaming`: until the answer ends. `resolved`: the
       * answer is complete. `stopped`: after `stop`, and `resume` continues.
       */
      status: 'idle' | 'sending' | 'queued' | 'streaming' | 'resolved' | 'stopped'
      error: undefined
    }
  | {
      /** The answer is incomplete or missing, and `error` says why. */
      status: 'failed' | 'cancelled'
      error: ClientSecretError
    }
)

/** The status of a stream. */
export type StreamStatus = StreamState['status']

/** One streamed answer, from start to end. */
export interface StreamObject<Event = unknown, Data = unknown> {
  /** The current state. */
  state: () => StreamState<Event, Data>
  /** Sends the request and reads the answer. Call it once. Resolves at the end, at a failure and at a stop. */
  send: () => Promise<void>
  /**
   * Stops reading. `resume` continues; without a reader, the relay ends a call that it does not keep after
   * `limits.disconnectGracePeriod`. A request in a queue stays there.
   */
  stop: () => void
  /** Continues after a stop or a lost connection, where the reading ended. Does not call the API again. */
  resume: () => Promise<void>
  /** Stops reading until `resume`, and leaves the status as it is. */
  pause: () => void
  /**
   * Ends the call.
   *
   * @throws ClientSecretError when the relay cannot be reached.
   */
  cancel: () => Promise<CancelAnswer>
}

/** The start of a stream. */
export interface StreamStart<Event = unknown, Data = unknown> {
  /** The request to send. */
  params?: StreamParams | undefined
  /** A kept stream that was sent before. `resume` reads it from its beginning. */
  record?: { id: string } | undefined
  /** Identifies the request to the relay. Without `params`, it names a kept stream that was sent before. Default: random. */
  idempotencyKey?: string | undefined
  /** Returns the options. Called for each event. */
  options?: (() => StreamOptions<Event, Data>) | undefined
  /** Called after each change of the state. `isUrgent` is false for more content of the answer. */
  onChange?: ((isUrgent: boolean) => void) | undefined
  /** Aborting it ends the call, and the stream with `ABORTED`. */
  signal?: AbortSignal | undefined
}

/** Milliseconds between polls in a queue. */
const defaultInterval = 1_000

/** Errors after which `resume` may find the rest of the answer. */
const resumable = ['NETWORK_ERROR', 'UNAVAILABLE']

/**
 * Reads the answer of an API while it arrives, without React. Each stream is one call of the API: a lost connection
 * continues at the byte where it broke.
 *
 * @example
 * const stream = createStream(client, {
 *   params: {
 *     clientSecretName: 'openai',
 *     url: 'https://api.openai.com/v1/responses',
 *     method: 'POST',
 *     headers: { Authorization: 'Bearer $CLIENT_SECRET' },
 *     data: { model: 'gpt-5', input: 'Tell me about otters.', stream: true },
 *   },
 *   onChange: () => console.log(stream.state().text),
 * })
 * await stream.send()
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for a value that JSON cannot carry, and for a transport without `fetch`.
 */
// Longer than 100 lines: its functions share the state of one stream, of which each is a step.
export function createStream<Event = unknown, Data = Event | undefined>(
  client: { readonly transport: Transport },
  start: StreamStart<Event, Data>,
): StreamObject<Event, Data> {
  const { transport } = client
  const { params, options = (): StreamOptions<Event, Data> => ({}), onChange, signal } = start
  if (!transport.fetch)
    throw new ClientSecretError('INVALID_PARAMETER', `${transport.name} has no fetch, which a stream needs.`)
  const { idempotencyKey = randomId() } = start
  const { poll, queue, ...direct } = params ?? {}
  const interval = poll || defaultInterval
  const queued = (queue !== undefined || poll) && inBackground(params!, interval)
  const isKept = !params || queued || params.keep === true
  const call: FetchCall = { idempotencyKey, ...described(toAscii(toJson(direct))) }
  const content = createStreamContent(options as () => StreamOptions)
  let status: StreamStatus = 'idle'
  let error: ClientSecretError | undefined
  let record = start.record
  let response: StreamResponse | undefined
  let connection = new AbortController()
  /** The current or last reading. The next one waits for its end. */
  let reading = Promise.resolve()
  /** Bytes read so far. */
  let had = 0
  let inQueue: number | undefined
  let letGo = () => {}

  const isOpen = () => status === 'sending' || status === 'queued' || status === 'streaming'

  function set(next: StreamStatus, failure?: ClientSecretError): void {
    status = next
    error = failure
    onChange?.(true)
  }

  function end(failure?: ClientSecretError): void {
    letGo()
    connection.abort()
    const { onResponse, onError, onSettled } = options()
    set(!failure ? 'resolved' : failure.code === 'CANCELLED' ? 'cancelled' : 'failed', failure)
    const data = content.state().data as Data
    if (!failure) callBack(onResponse, data, response!)
    else callBack(onError, failure)
    callBack(onSettled, failure ? undefined : data, failure)
  }

  /** Reads until the end of the answer, over several connections if one is lost. */
  async function read({ signal }: AbortController): Promise<void> {
    let tries = 0
    let before = -1
    while (!signal.aborted) {
      // The relay gives the rest of the same answer, because the idempotency key is the same.
      if (had > before) tries = 0
      before = had
      try {
        await readConnection(signal)
        return signal.aborted ? undefined : end()
      } catch (thrown) {
        if (signal.aborted) return
        const failure = asClientSecretError(thrown)
        // The request of the page before may still be on its way.
        const isEarly = !params && !record && isGone(failure) && ++tries < 4
        if (!isEarly && (!transport.isIdempotent || !maySubmitAgain(failure, ++tries))) return end(failure)
        await sleep(retryDelay(failure, tries), signal)
      }
    }
  }

  async function readConnection(signal: AbortSignal): Promise<void> {
    if (queued && !record) await inLine(await transport.submit(queued, { idempotencyKey, signal }), signal)
    const isRest = isKept && !(params && !record)
    const { head, body } = await callFetch(
      transport,
      isRest ? restOf(call, record?.id ?? idempotencyKey, had) : call,
      signal,
    )
    if (head.waiting) {
      await inLine(head.waiting, signal)
      return signal.aborted ? undefined : readConnection(signal)
    }
    if (head.error) throw errorFromWire(head.error, head.status)
    // A relay that forgot the answer of a GET makes another call.
    if (record && head.id !== record.id) throw restarted(record.id)
    if (!response) {
      record = { id: head.id! }
      response = { status: head.status, headers: head.headers }
      if (head.status < 400) content.begin({ response, record })
    }
    if (response.status >= 400) throw await errorOf(response, body, record!.id)
    set('streaming')
    const reader = new Response(body ?? '').body!.getReader()
    for (let position = isRest ? had : 0; ;) {
      const { done, value } = await reader.read().catch((cause: unknown) => explain(cause, signal))
      if (done) break
      const fresh = value.subarray(Math.max(0, had - position))
      position += value.length
      if (fresh.length === 0) continue
      had = position
      await content.push(fresh)
      // After a stop, the rest of this chunk still counts.
      onChange?.(false)
      if (signal.aborted) return
    }
    // That of a kept stream ends without an error, so that no byte before the error is lost.
    if (isRest && !(await hasResolved(signal))) throw broken('it ended early')
    await content.end()
  }

  /** Shows the place in the queue, until the call begins. */
  async function inLine(given: ClientSecretRecord, signal: AbortSignal): Promise<void> {
    record = { id: given.id }
    await waitInLine(transport, given, interval, signal, (now) => {
      inQueue = now.inQueue
      set('queued')
    })
    if (!signal.aborted && status === 'queued') set('sending')
  }

  /** Whether the record is resolved. Throws its error if it has failed. */
  async function hasResolved(signal: AbortSignal): Promise<boolean> {
    const [now] = (await transport.poll([record!], { wait: 0, signal })).records
    if (now && isSettled(now) && now.status !== 'resolved') readRecord(now)
    return now?.status === 'resolved'
  }

  /** The connection broke. The record says whether the call did too. The rest of a kept stream comes first, if it is read. */
  async function explain(cause: unknown, signal: AbortSignal): Promise<never> {
    if (!signal.aborted && !(isKept && transport.isIdempotent)) await hasResolved(signal)
    throw broken(cause)
  }

  function broken(cause: unknown): ClientSecretError {
    const message = `The connection to ${transport.name} broke: ${String(cause)}.`
    return new ClientSecretError('NETWORK_ERROR', message, { cause, requestId: record!.id })
  }

  function connect(): Promise<void> {
    const mine = (connection = new AbortController())
    return (reading = reading.then(() => read(mine)))
  }

  function abort(): void {
    void stream.cancel().catch(() => {})
    end(new ClientSecretError('ABORTED', 'The signal aborted the stream.', { requestId: record?.id }))
  }

  const stream: StreamObject<Event, Data> = {
    state: () =>
      ({
        ...content.state(),
        status,
        error,
        inQueue: status === 'queued' ? inQueue : undefined,
        record,
        response,
        isStreaming: isOpen(),
      }) as StreamState<Event, Data>,
    async send() {
      if (status !== 'idle') return reading
      set('sending')
      letGo = onAbort(signal, abort)
      if (isOpen()) await connect()
    },
    stop() {
      if (!isOpen()) return
      connection.abort()
      set('stopped')
    },
    pause: () => connection.abort(),
    async resume() {
      const isEarlier = status === 'idle' && (!params || record !== undefined)
      const isLost = status === 'failed' && resumable.includes(error!.code)
      if (status !== 'stopped' && !isLost && !isEarlier && !(isOpen() && connection.signal.aborted)) return reading
      set(response ? 'streaming' : 'sending')
      letGo()
      letGo = onAbort(signal, abort)
      if (isOpen()) await connect()
    },
    async cancel() {
      if (!isOpen() && status !== 'stopped') return nothingToCancel
      const answer = await (record ? transport.cancel(record.id) : cancelByKey(transport, idempotencyKey, connection))
      if (answer.removed && (isOpen() || status === 'stopped'))
        end(new ClientSecretError('CANCELLED', 'The stream was cancelled.', { requestId: record?.id }))
      return answer
    },
  }
  return stream
}
