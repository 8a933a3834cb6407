import type { RedactorStream } from '../keys/redaction/redactor.ts'

/** Characters of a word that go out before its end is known: too few to help. */
const maxEarly = 8

/** A line of the answer, until all of its texts are decided. */
export interface Line {
  raw: string
  /** Its new text, after a change. */
  written: (() => string) | undefined
  /** The number of its pieces that are not decided. */
  undecided: number
  isChanged: boolean
}

/** A piece of a text, in bytes: one character each. */
export interface Piece {
  line: Line
  /** Its decided beginning. */
  decided: string
  /** Its undecided rest. */
  open: string
  set: (text: string) => void
}

/** The undecided pieces of one text. */
export interface PiecedText {
  /** The ids in the event of its first piece. */
  ids: string
  stream: RedactorStream
  /** What went out of an unfinished word. At most `maxEarly` characters. */
  early: string
  held: Piece[]
  /** Characters that are open in all pieces. */
  open: number
  /** Pieces of the current line that the stream does not have yet. */
  added: string[]
}

/**
 * Decides the pieces that the stream gave out.
 *
 * @param given The output of the stream: the beginning of the pending bytes; or, after a secret, other bytes.
 */
export function settle(text: PiecedText, given: Buffer): void {
  const { held } = text
  if (given.length > 0) {
    const out = given.toString('latin1')
    if (!passOn(text, out)) replace(text, out)
  }
  // A few characters of a word tell nothing, and most words are no longer.
  if (text.early.length + text.open <= maxEarly) {
    for (const piece of held) {
      text.early += piece.open
      decide(text, piece, piece.open.length)
    }
  }
  let decided = 0
  while (held[decided]?.open === '') held[decided++]!.line.undecided--
  if (decided > 0) held.splice(0, decided)
}

function decide(text: PiecedText, piece: Piece, length: number): void {
  piece.decided += piece.open.slice(0, length)
  piece.open = piece.open.slice(length)
  text.open -= length
}

/** Decides the pieces that this output consists of; false, with nothing decided, if it differs from them. */
function passOn(text: PiecedText, out: string): boolean {
  const { early, held, open, stream } = text
  if (early.length + open !== out.length + stream.held) return false
  let at = Math.min(early.length, out.length)
  if (!early.startsWith(out.slice(0, at))) return false
  let last = 0
  for (; at < out.length; last++) {
    const part = held[last]!.open.slice(0, out.length - at)
    if (!out.startsWith(part, at)) return false
    at += part.length
  }
  let left = out.length - Math.min(early.length, out.length)
  text.early = early.slice(out.length)
  for (const piece of held.slice(0, last)) {
    const length = Math.min(left, piece.open.length)
    decide(text, piece, length)
    left -= length
  }
  return true
}

/** Writes the output into the first of the pieces, and what is still undecided into the last. */
function replace(text: PiecedText, out: string): void {
  const { early, held, stream } = text
  const pending = early + held.map(({ open }) => open).join('')
  const rest = pending.slice(pending.length - stream.held)
  text.early = ''
  for (const piece of held) piece.open = ''
  if (held[0]) {
    held[0].decided += out.slice(commonLength(out, early))
    held.at(-1)!.open = rest
  }
  text.open = held[0] ? rest.length : 0
  for (const piece of held) {
    piece.line.isChanged = true
    piece.set(Buffer.from(piece.decided + piece.open, 'latin1').toString())
  }
}

/** The number of characters at the beginning that two texts have in common. */
function commonLength(one: string, other: string): number {
  let length = 0
  while (length < other.length && one[length] === other[length]) length++
  return length
}
