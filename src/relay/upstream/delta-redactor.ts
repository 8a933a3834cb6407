import type { Redactor, RedactorStream } from '../keys/redaction/redactor.ts'

/** In which an answer's text comes in pieces, each in an event or a line of its own. */
const inEvents = /^(text\/event-stream|application\/(x-)?(ndjson|jsonl|jsonlines|json-seq|stream\+json))\b/i

export function comesInEvents(contentType: string | undefined): boolean {
  return inEvents.test(contentType ?? '')
}

/** Members that hold a piece of a text: of OpenAI, Anthropic, Gemini, Ollama, Cohere, and most who speak like them. */
const textNames =
  /^(content|delta|text|arguments|input|partial_json|thinking|signature|reasoning|reasoning_content|reasoning_text|refusal|transcript|response|completion|token|output|message|summary|code)$/
/** Members that say which text a piece belongs to. */
const idNames = ['index', 'item_id', 'output_index', 'content_index', 'summary_index'] as const
/** Types of events whose pieces are bytes. */
const ofBytes = /audio\.delta|image/
/** What says that a text has come to its end, and that all have. */
const endsText = /(_stop|\.done)$/
const endsAll = /^(message_stop|response\.(completed|failed|incomplete)|done)$/

/** Characters of a word that are given before its end is known: of no value a part that helps. */
const maxEarly = 8
/** Texts that are looked through at once; the oldest of more is taken for ended. */
const maxTexts = 1_000
/** Bytes of a line that is looked into. Of a longer one, the rest of the redaction sees the whole. */
const maxLine = 4 * 2 ** 20

/** A line of the answer, until all of its texts are decided. */
interface Line {
  raw: string
  prefix: string
  json: unknown
  ending: string
  undecided: number
  isChanged: boolean
}

/** A piece of a text, in bytes: one character each. */
interface Piece {
  line: Line
  /** What is decided of it, and what is not. */
  decided: string
  open: string
  set: (text: string) => void
}

/** The pieces of one text, as far as they are not decided. */
interface Text {
  ids: string
  stream: RedactorStream
  /** What went in and did not come out yet, in bytes; so many of them were given already. */
  pending: string
  early: number
  held: Piece[]
}

/**
 * Looks through a text that comes in pieces, each in an event of its own: what is a secret only once the pieces are put
 * together is none to whoever looks at one event. An event waits while a word in it may become one; what is behind it
 * waits too, so that the order stays.
 */
export class DeltaRedactor {
  readonly #secrets: Redactor
  readonly #utf8 = new TextDecoder()
  readonly #texts = new Map<string, Text>()
  #rest = ''
  #lines: Line[] = []

  constructor(secrets: Redactor) {
    this.#secrets = secrets
  }

  push(chunk: Buffer): Buffer {
    this.#rest += this.#utf8.decode(chunk, { stream: true })
    // A \r at the end may be half of a line break.
    const complete = /^[^]*(?:\n|\r(?=[^]))/.exec(this.#rest)?.[0] ?? ''
    if (complete) {
      this.#rest = this.#rest.slice(complete.length)
      for (const [raw] of complete.matchAll(/[^\r\n]*(?:\r\n|\n|\r)/g)) this.#take(raw)
    }
    return this.#decided()
  }

  end(): Buffer {
    this.#rest += this.#utf8.decode()
    if (this.#rest) this.#take(this.#rest)
    this.#rest = ''
    for (const text of this.#texts.values()) this.#finish(text)
    return this.#decided()
  }

  #decided(): Buffer {
    const index = this.#lines.findIndex(({ undecided }) => undecided > 0)
    const decided = this.#lines.splice(0, index === -1 ? this.#lines.length : index)
    return Buffer.from(
      decided
        .map(({ raw, prefix, json, ending, isChanged }) => (isChanged ? prefix + JSON.stringify(json) + ending : raw))
        .join(''),
    )
  }

  #take(raw: string): void {
    // JSON sequences begin each line with a control character.
    const [, prefix = '', written = '', ending = ''] = /^([^\w{[]?(?:data:[ \t]*)?)([^]*?)(\s*)$/.exec(raw)!
    const json = raw.length > maxLine ? undefined : parsed(written)
    const line: Line = { raw, prefix, json, ending, undecided: 0, isChanged: false }
    this.#lines.push(line)
    if (written === '[DONE]') return this.#finishWhere(() => true)
    if (json === undefined) return
    const { type, done } = json as { type?: unknown; done?: unknown }
    // Sound and pictures are one long word, and say nothing aloud that is written here.
    if (!(typeof type === 'string' && ofBytes.test(type))) this.#visit(json, '', '', line)
    if (done === true || (typeof type === 'string' && endsAll.test(type))) return this.#finishWhere(() => true)
    if (typeof type === 'string' && endsText.test(type)) {
      const ids = idsOf(json as object)
      this.#finishWhere((text) => text.ids.startsWith(ids))
    }
  }

  /** Where a text stands is its pointer, without the places in lists, in whose stead the ids stand. */
  #visit(value: unknown, pointer: string, ids: string, line: Line): void {
    if (typeof value !== 'object' || value === null) return
    const isList = Array.isArray(value)
    const mine = isList ? ids : ids + idsOf(value)
    for (const [name, item] of Object.entries(value)) {
      const hasIndex = typeof item === 'object' && item !== null && 'index' in item
      const at = `${pointer}/${isList && hasIndex ? '-' : name}`
      if (typeof item === 'object') this.#visit(item, at, mine, line)
      else if (typeof item === 'string' && item !== '' && textNames.test(name)) {
        const set = (text: string) => void ((value as Record<string, unknown>)[name] = text)
        const open = Buffer.from(item).toString('latin1')
        this.#add(`${at} ${mine}`, mine, { line, decided: '', open, set })
      }
    }
    const { finish_reason: reason, finishReason = reason } = value as Record<string, unknown>
    if (!isList && finishReason) this.#finishWhere((text) => text.ids.startsWith(mine))
  }

  #add(key: string, ids: string, piece: Piece): void {
    let text = this.#texts.get(key)
    if (!text) {
      text = { ids, stream: this.#secrets.stream(), pending: '', early: 0, held: [] }
      this.#texts.set(key, text)
      if (this.#texts.size > maxTexts) this.#forgetOldest()
    }
    text.held.push(piece)
    text.pending += piece.open
    piece.line.undecided++
    this.#settle(text, text.stream.push(Buffer.from(piece.open, 'latin1')), text.stream.held)
  }

  #forgetOldest(): void {
    const [[key, text]] = this.#texts as unknown as [[string, Text]]
    this.#finish(text)
    this.#texts.delete(key)
  }

  #finish(text: Text): void {
    if (text.pending === '') return
    this.#settle(text, text.stream.end(), 0)
    text.stream = this.#secrets.stream()
  }

  #finishWhere(isMeant: (text: Text) => boolean): void {
    for (const text of this.#texts.values()) if (isMeant(text)) this.#finish(text)
  }

  /**
   * @param given What the stream gave: the beginning of what is pending; or, where a secret stood, something else.
   * @param stillHeld Bytes that it holds back.
   */
  #settle(text: Text, given: Buffer, stillHeld: number): void {
    const out = given.toString('latin1')
    const { pending, early, held } = text
    text.pending = pending.slice(pending.length - stillHeld)
    if (pending === out + text.pending) {
      text.early = Math.max(0, early - out.length)
      let rest = Math.max(0, out.length - early)
      for (const piece of held) {
        piece.decided += piece.open.slice(0, rest)
        rest -= piece.open.length - (piece.open = piece.open.slice(rest)).length
      }
    } else {
      text.early = 0
      // What the pieces said together stands in the first of them, and what is still to be decided in the last.
      for (const piece of held) piece.open = ''
      if (held[0]) held[0].decided += out.slice(commonLength(out, pending.slice(0, early)))
      if (held[0]) held.at(-1)!.open = text.pending
      for (const piece of held) {
        piece.line.isChanged = true
        piece.set(Buffer.from(piece.decided + piece.open, 'latin1').toString())
      }
    }
    // A few characters of a word tell nothing, and most words are no longer.
    if (text.pending.length <= maxEarly) {
      text.early = text.pending.length
      for (const piece of held) piece.open = ''
    }
    text.held = held.filter((piece) => {
      if (piece.open !== '') return true
      piece.line.undecided--
      return false
    })
  }
}

/** Of two texts, the characters that they begin with alike. */
function commonLength(one: string, other: string): number {
  let length = 0
  while (length < other.length && one[length] === other[length]) length++
  return length
}

function idsOf(value: object): string {
  const ids = idNames.flatMap((name) => (name in value ? [name, (value as Record<string, unknown>)[name]] : []))
  return ids.length > 0 ? JSON.stringify(ids) : ''
}

function parsed(text: string): unknown {
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
