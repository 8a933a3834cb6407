import { ClientSecretError } from '../protocol/errors.ts'

/** An event of a stream, and its fields in server-sent events. */
export interface StreamEvent {
  /** Parsed JSON; the text of a server-sent event that is no JSON. */
  data: unknown
  /** The field `event` of a server-sent event. */
  event?: string | undefined
  /** The field `id` of a server-sent event. */
  id?: string | undefined
}

/** Takes the text of an answer in any pieces, and gives its events. */
export interface EventReader {
  push: (text: string) => StreamEvent[]
  /** The events that the end of the text completes. */
  end: () => StreamEvent[]
}

/**
 * Reads server-sent events and NDJSON; the JSON of any other type is one event.
 *
 * @throws ClientSecretError `INVALID_RESPONSE` for an answer without events.
 */
export function eventReader(contentType: string): EventReader {
  if (/^text\/event-stream/i.test(contentType)) return serverSentEvents()
  if (/ndjson|jsonl|json-lines|json-seq|stream\+json/i.test(contentType)) return lines()
  if (/json/i.test(contentType)) return whole()
  throw new ClientSecretError(
    'INVALID_RESPONSE',
    `The API answered with ${contentType || 'no content type'}, which has no events. Ask it for a stream, such as with stream: true, or set read to 'text' or 'bytes'.`,
  )
}

function serverSentEvents(): EventReader {
  // The rest may begin with the LF of a CR LF.
  const linesOf = lineSplitter(/\r\n|\n|\r(?!$)/)
  let data: string[] = []
  let fields: Record<string, string> = {}
  function push(text: string): StreamEvent[] {
    const found: StreamEvent[] = []
    for (const line of linesOf(text)) {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)/s.exec(line)!
      if (name === 'data') data.push(value)
      else if (line) fields[name] = value
      else {
        const all = data.join('\n')
        const { event, id } = fields
        // The last event of OpenAI's chat has no content.
        if (data.length > 0 && all !== '[DONE]') found.push({ data: parsed(all) ?? all, event, id })
        data = []
        fields = {}
      }
    }
    return found
  }
  // Some APIs leave out the empty line behind the last event.
  return { push, end: () => push('\n\n') }
}

/** Gives the complete lines of a text in pieces. */
function lineSplitter(end: RegExp): (text: string) => string[] {
  const pieces: string[] = []
  return (text) => {
    pieces.push(text)
    if (!/[\r\n]/.test(text)) return []
    const all = pieces.splice(0).join('').split(end)
    pieces.push(all.pop()!)
    return all
  }
}

function lines(): EventReader {
  const linesOf = lineSplitter(/\n/)
  const push = (text: string) =>
    // U+001E begins each text of application/json-seq.
    linesOf(text.replaceAll('\u001e', ''))
      .filter((line) => line.trim())
      .map((line) => ({ data: json(line) }))
  return { push, end: () => push('\n') }
}

function whole(): EventReader {
  let all = ''
  return {
    push(text) {
      all += text
      return []
    },
    end: () => (all.trim() ? [{ data: json(all) }] : []),
  }
}

function json(text: string): unknown {
  const value = parsed(text)
  if (value !== undefined) return value
  throw new ClientSecretError('INVALID_RESPONSE', `The API's stream has invalid JSON: ${text.slice(0, 80)}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
