import type { ClientSecretError } from '../protocol/errors.ts'
import { callBack } from './callbacks.ts'
import { deltaText } from './delta-text.ts'
import { checked, type StandardSchema } from './standard-schema.ts'
import { eventReader, type EventReader, type StreamEvent } from './stream-events.ts'

/** The head of the API's answer. */
export interface StreamResponse {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
}

/** How to read a stream, and its callbacks. */
export interface StreamOptions<Event = unknown, Data = unknown> {
  /**
   * `events`: server-sent events or NDJSON, each parsed as JSON; the JSON of any other answer is one event. `text`: the
   * decoded text. `bytes`: a `Uint8Array`. Text and bytes come in pieces of any length. Default `events`.
   */
  read?: 'events' | 'text' | 'bytes' | undefined
  /** Any Standard Schema (zod, valibot, arktype …); checks each event and gives it its type. A mismatch ends the stream with `INVALID_RESPONSE`. */
  schema?: StandardSchema<Event> | undefined
  /** The text that an event adds to `text`. An error thrown here ends the stream. Default: `deltaText`. */
  textOf?: ((event: Event) => string | undefined) | undefined
  /** Computes `data` from the data before and an event, or a piece of text or bytes. Called once for each, in order. */
  reduce?: ((data: Data, event: Event) => Data) | undefined
  /** The first `data` of `reduce`. */
  initial?: Data | undefined
  /** Called with each event, or piece of text or bytes, and with the fields of a server-sent event. */
  onEvent?: ((event: Event, source: Pick<StreamEvent, 'event' | 'id'>) => void) | undefined
  /** Called once when the answer is complete. */
  onResponse?: ((data: Data, response: StreamResponse) => void) | undefined
  /** Called once when the stream fails or is cancelled. */
  onError?: ((error: ClientSecretError) => void) | undefined
  /** Called once at the end, with the data or the error. */
  onSettled?: ((data: Data | undefined, error: ClientSecretError | undefined) => void) | undefined
}

/** The head of an answer, and its record. */
export interface StreamHead {
  response: StreamResponse
  record: { id: string }
}

/** The content of an answer so far. */
export interface StreamContent {
  /** Called once, before the first bytes. */
  begin: (head: StreamHead) => void
  push: (bytes: Uint8Array) => Promise<void>
  end: () => Promise<void>
  /** The current content. Lists are copied when they are read. */
  state: () => { text: string; readonly events: readonly unknown[]; readonly data: unknown }
}

export function createStreamContent(options: () => StreamOptions): StreamContent {
  const { read = 'events', initial } = options()
  const decoder = new TextDecoder()
  const events: unknown[] = []
  const chunks: Uint8Array[] = []
  let head: StreamHead | undefined
  let reader: EventReader | undefined
  let text = ''
  let reduced = initial

  /** Gives an event, or a piece of text or bytes, to the app. */
  async function add(value: unknown, source: Pick<StreamEvent, 'event' | 'id'> = {}): Promise<void> {
    const { schema, textOf, reduce, onEvent } = options()
    const event = schema ? (await checked({ ...head!, data: value }, schema)).data : value
    // The default reads members that a schema may drop.
    if (read === 'text') text += String(value)
    if (read === 'events') text += (textOf ? textOf(event) : deltaText(value)) ?? ''
    if (read === 'events') events.push(event)
    if (reduce) reduced = reduce(reduced, event)
    callBack(onEvent, event, source)
  }

  async function addText(more: string, isEnd = false): Promise<void> {
    if (read === 'text') return more ? add(more) : undefined
    for (const found of isEnd ? [reader!.push(more), reader!.end()] : [reader!.push(more)])
      for (const { data, ...source } of found) await add(data, source)
  }

  const eventsUpTo = latestOf((count) => events.slice(0, count))
  const bytesUpTo = latestOf((count) => joined(chunks.slice(0, count)))

  function state() {
    const now = { text, count: events.length, chunks: chunks.length, data: read === 'text' ? text : events.at(-1) }
    const data = options().reduce ? reduced : now.data
    const isJoined = read === 'bytes' && !options().reduce
    return {
      text,
      get events() {
        return eventsUpTo(now.count)
      },
      get data() {
        return isJoined ? bytesUpTo(now.chunks) : data
      },
    }
  }

  return {
    state,
    begin(given) {
      head = given
      if (read === 'events') reader = eventReader(given.response.headers['content-type'] ?? '')
    },
    async push(bytes) {
      if (read !== 'bytes') return addText(decoder.decode(bytes, { stream: true }))
      if (!options().reduce) chunks.push(bytes)
      await add(bytes)
    },
    async end() {
      if (read !== 'bytes') await addText(decoder.decode(), true)
    },
  }
}

/** Makes a value for a count, and keeps the latest one. */
function latestOf<Value>(make: (count: number) => Value): (count: number) => Value {
  let latest: { count: number; value: Value } | undefined
  return (count) => (latest?.count === count ? latest : (latest = { count, value: make(count) })).value
}

function joined(chunks: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
