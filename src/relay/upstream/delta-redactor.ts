import { createHash } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'
import { shareTurn } from '../common/share-turn.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import { createLineReader } from './line-reader.ts'
import { settle, type Line, type Piece, type PiecedText } from './text-in-pieces.ts'

/** Content types whose answers split a text into pieces, one for each event or line. */
const inEvents = /^(text\/event-stream|application\/(x-)?(ndjson|jsonl|jsonlines|json-seq|stream\+json))\b/i

export function comesInEvents(contentType: string | undefined): boolean {
  return inEvents.test(contentType ?? '')
}

/** Members that hold a piece of a text: of OpenAI, Anthropic, Gemini, Ollama, Cohere, and most who speak like them. */
const textNames =
  /^(content|delta|text|arguments|input|partial_json|thinking|signature|reasoning|reasoning_content|reasoning_text|refusal|transcript|response|completion|generation|answer|word|token|output|outputText|message|summary|code)$/
/** Members that say which text a piece belongs to. */
const idNames = ['index', 'item_id', 'output_index', 'content_index', 'summary_index'] as const
/** Types of events whose pieces are bytes. */
const ofBytes = /(^|\.)(output_)?audio\.delta$/
/** The end of one text, and of all texts. */
const endsText = /(_stop|\.done)$/
const endsAll = /^(message_stop|response\.(completed|failed|incomplete)|done)$/

/** Maximum of texts that count separately. The pieces of further texts count as one text, in their order. */
const maxTexts = 1_000
/** Maximum of paths that count separately. */
const maxPaths = 10_000
/** The path of all further ones. */
const manyPaths = -1
/** The path of the texts that are no JSON. */
const outputPath = -2
/** Maximum of list items that count separately. A longer list, such as one of tokens, is one text. */
const maxItems = 16
/** Maximum characters of a name. The hash of a longer one takes its place. */
const maxName = 64
/** Levels of JSON. */
const maxDepth = 100
/** Bytes of lines that wait for the end of a word. */
const maxHeld = 16 * 2 ** 20

/** A place in the JSON of a line. */
interface Place {
  /** The number of its path. */
  path: number
  depth: number
}

/** Takes a piece, its path, and the way to change it. */
type Found = (piece: string, path: number, set: Piece['set']) => void

/**
 * Finds secrets in a text that comes in pieces, each in an event of its own, where no single event contains one. An
 * event waits while one of its words has no end. Later events wait too, so that the order stays.
 *
 * The cost is linear in the bytes: all pieces of a text in one line are searched at once, and what waits is not
 * looked at again.
 */
export class DeltaRedactor {
  readonly #secrets: Redactor
  readonly #lineReader = createLineReader()
  readonly #paths = new Map<string, number>()
  readonly #texts = new Map<number, PiecedText>()
  #lines: Line[] = []
  /** Whether the current event is Replicate's `output`. */
  #isOutput = false
  #held = 0

  constructor(secrets: Redactor) {
    this.#secrets = secrets
  }

  /** Bytes that are held back, about. */
  get held(): number {
    return this.#held + this.#lineReader.held
  }

  /** @throws ClientSecretError `UPSTREAM_ERROR` if it would hold back too much, or for JSON that is nested too deep. */
  push(chunk: Buffer): Buffer {
    for (const { text, isWhole } of this.#lineReader.push(chunk)) this.#take(text, isWhole)
    const decided = this.#decided()
    if (this.held > maxHeld) throw heldTooMuch()
    return decided
  }

  end(): Buffer {
    for (const { text, isWhole } of this.#lineReader.end()) this.#take(text, isWhole)
    this.#finishWhere(() => true)
    return this.#decided()
  }

  #decided(): Buffer {
    const index = this.#lines.findIndex(({ undecided }) => undecided > 0)
    const decided = this.#lines.splice(0, index === -1 ? this.#lines.length : index)
    const out = decided.map(({ raw, written, isChanged }) => {
      this.#held -= raw.length
      return isChanged && written ? written() : raw
    })
    return Buffer.from(out.join(''))
  }

  /** @param isWhole False for a part of a line that is too long to parse. */
  #take(raw: string, isWhole: boolean): void {
    // JSON sequences begin each line with a control character.
    const [prefix = ''] = /^[^\w{[]?(?:data:[ \t]*)?/.exec(raw)!
    const end = raw.trimEnd().length
    const written = raw.slice(prefix.length, Math.max(prefix.length, end))
    const ending = raw.slice(prefix.length + written.length)
    const json = isWhole ? parsed(written) : undefined
    const line: Line = { raw, written: undefined, undecided: 0, isChanged: false }
    this.#lines.push(line)
    this.#held += raw.length
    if (written === '[DONE]') return this.#finishWhere(() => true)
    if (json === undefined) return this.#takeText(line)
    const { type, done } = json as { type?: unknown; done?: unknown }
    if (!(typeof type === 'string' && ofBytes.test(type)))
      this.#search(line, idsOf(json), (found) => this.#visit(json, { path: 0, depth: 0 }, found))
    if (line.undecided > 0 || line.isChanged) line.written = () => prefix + JSON.stringify(json) + ending
    if (done === true || (typeof type === 'string' && endsAll.test(type))) return this.#finishWhere(() => true)
    if (typeof type === 'string' && endsText.test(type)) {
      const ids = idsOf(json)
      this.#finishWhere((text) => text.ids === ids)
    }
  }

  /** A line that is not JSON. In Replicate's events of type `output`, the data are a piece of the text. */
  #takeText(line: Line): void {
    const { raw } = line
    if (/^[\r\n]/.test(raw)) this.#isOutput = false
    const [whole, field, piece = ''] = /^(event|data): ?(.*)/.exec(raw) ?? []
    if (field === 'event') this.#isOutput = piece === 'output'
    if (whole === undefined || field !== 'data' || piece === '' || !this.#isOutput) return
    let changed = piece
    line.written = () => whole.slice(0, -piece.length) + changed + raw.slice(whole.length)
    this.#search(line, '', (found) => found(piece, outputPath, (text) => (changed = text)))
  }

  /** Gives the pieces of a line to their texts, and searches each text once. */
  #search(line: Line, ids: string, visit: (found: Found) => void): void {
    const changed = new Set<PiecedText>()
    visit((piece, path, set) => {
      const text = this.#textAt(path, ids)
      const open = Buffer.from(piece).toString('latin1')
      text.held.push({ line, decided: '', open, set })
      text.open += open.length
      text.added.push(open)
      line.undecided++
      changed.add(text)
    })
    for (const text of changed) settle(text, text.stream.push(Buffer.from(text.added.splice(0).join(''), 'latin1')))
  }

  /** Finds the pieces of texts. The path of a text has ids in place of the positions in lists. */
  #visit(value: object, at: Place, found: Found): void {
    if (at.depth > maxDepth) throw nestedTooDeep()
    const isList = Array.isArray(value)
    const isLong = isList && value.length > maxItems
    const ids = isList ? '' : idsOf(value)
    const parent = ids ? this.#pathOf(at.path, ids) : at.path
    for (const [name, item] of Object.entries(value) as [string, unknown][]) {
      const isObject = typeof item === 'object' && item !== null
      const isPiece = typeof item === 'string' && item !== '' && textNames.test(name)
      if (!isObject && !isPiece) continue
      const isTold = isLong || (isList && isObject && 'index' in item)
      const path = this.#pathOf(parent, isTold ? '-' : name)
      if (isObject) this.#visit(item, { path, depth: at.depth + 1 }, found)
      else found(item, path, (text) => changeMember(value, name, text))
    }
  }

  #pathOf(parent: number, name: string): number {
    const key = `${parent} ${short(name)}`
    const known = this.#paths.get(key)
    if (known !== undefined) return known
    if (this.#paths.size >= maxPaths) return manyPaths
    const made = this.#paths.size + 1
    this.#paths.set(key, made)
    return made
  }

  #textAt(path: number, ids: string): PiecedText {
    const name = this.#texts.has(path) || this.#texts.size < maxTexts ? path : manyPaths
    let text = this.#texts.get(name)
    if (!text) {
      text = { ids, stream: this.#secrets.stream(), early: '', held: [], open: 0, added: [] }
      this.#texts.set(name, text)
    }
    return text
  }

  #finishWhere(isMeant: (text: PiecedText) => boolean): void {
    for (const [name, text] of this.#texts) {
      if (!isMeant(text)) continue
      settle(text, text.stream.end())
      this.#texts.delete(name)
    }
  }
}

/** Bytes of one step: a few milliseconds of work. */
const stepLength = 32_768

/** Redacts the texts in pieces of a complete body. */
export async function redactPieces(secrets: Redactor, body: Buffer): Promise<Buffer> {
  const redactor = new DeltaRedactor(secrets)
  const parts: Buffer[] = []
  for (let at = 0; at < body.length; at += stepLength) {
    await shareTurn()
    parts.push(redactor.push(body.subarray(at, at + stepLength)))
  }
  return Buffer.concat([...parts, redactor.end()])
}

/** Changes a piece. A list of numbers beside it goes: OpenAI's `logprobs` repeat each token as its bytes. */
function changeMember(value: object, name: string, text: string): void {
  const members = value as Record<string, unknown>
  if (members[name] === text) return
  members[name] = text
  for (const [other, list] of Object.entries(members)) if (isNumbers(list)) members[other] = []
}

function isNumbers(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'number')
}

function idsOf(value: object): string {
  const ids = idNames.flatMap((name) => {
    const id: unknown = name in value ? (value as Record<string, unknown>)[name] : undefined
    return typeof id === 'string' || typeof id === 'number' ? [name, id] : []
  })
  return ids.length > 0 ? JSON.stringify(ids) : ''
}

function short(name: string): string {
  return name.length > maxName ? createHash('sha256').update(name).digest('base64') : name
}

function parsed(text: string): object | undefined {
  if (!text.startsWith('{') && !text.startsWith('[')) return undefined
  try {
    return JSON.parse(text) as object
  } catch {
    return undefined
  }
}

function heldTooMuch(): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    `The API sent more than ${maxHeld} bytes of events without the end of a word, so the relay cannot look them through as they come. Let it answer in smaller parts.`,
  )
}

function nestedTooDeep(): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    `The API sent an event nested more than ${maxDepth} levels deep, which the relay does not look through, so it does not pass it on.`,
  )
}
