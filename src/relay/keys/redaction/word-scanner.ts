import { behindLastNumber, nextDigit } from './encodings.ts'
import { ALPHANUMERIC, classes, DIGIT, invisibleLength, LEAD, WORD } from './characters.ts'
import type { Matcher } from './matcher.ts'
import { htmlCodeOf, maxName } from './html-names.ts'
import { beforeBackslashes, Unit, type Bytes, type Region, type Scanner } from './removed-region.ts'

/** Each line of a wrapped word has at least so many bytes. */
const minLine = 16
/** A number with its notation: `0x73`, `\u{00073}`, `:115`. */
const maxNumber = 12
/** The maximum distance between the first digit of a number and the end of a longer word. */
const maxEdge = 6
/** `=`, also as a soft line break of quoted-printable. */
const PADDING = 0x3d
/** Fewer numbers cannot be a value, even with the caller's own numbers beside them. */
const fewestNumbers = 6

/** Finds words, also wrapped ones, and lists of numbers. */
export class WordScanner implements Scanner {
  regions: Region[] = []
  readonly #matcher: Matcher
  /** A word, or the lines of a wrapped word. */
  readonly #word: Unit
  /** Words with a digit each, with anything between them. */
  readonly #list: Unit
  /**
   * The same with the ends of the longer words beside them. These count for windows
   * only: one of them may be an echo, and a public beginning in numbers next to it
   * would tell whether its first or last signs are a number.
   */
  readonly #listWithEdges: Unit
  /** The number of words in the list so far. */
  #numbers = 0
  /** The region to remove. */
  #listFrom = 0
  #listTo = 0
  /** The search for the end of the list has reached this position. */
  #gapSeen = 0
  #position = 0
  /** The beginning of the word's last line; -1 after the end of the line. The word may still be open, because another line may follow. */
  #line = -1
  /** The kinds of characters in that line. */
  #bits = 0

  constructor(matcher: Matcher) {
    this.#matcher = matcher
    this.#word = new Unit((bytes, from, to) => matcher.holdsValue(bytes, from, to))
    this.#list = new Unit((bytes, from, to) => matcher.holdsValueInNumbers(bytes, from, to))
    this.#listWithEdges = new Unit((bytes, from, to) => matcher.holdsWindowInNumbers(bytes, from, to))
  }

  get undecided(): number {
    let undecided = this.#position
    if (this.#listWithEdges.isOpen) undecided = this.#listFrom
    if (this.#line >= 0) undecided = Math.min(undecided, this.#line)
    return this.#word.isOpen ? Math.min(undecided, this.#word.from) : undecided
  }

  /** The hot loop: most words are short, have no digit, and are skipped. */
  scan({ bytes, end, isWhole }: Bytes): void {
    const shortest = Math.min(this.#matcher.shortest, minLine)
    let at = this.#position
    let line = this.#line
    let bits = this.#bits
    while (at < end) {
      let last = 0
      if (line < 0) {
        while (at < end && !((last = classes[bytes[at]!]!) & (WORD | LEAD))) at++
        if (at === end) break
        bits = 0
        if (last & WORD) line = at
      }
      while (at < end && (last = classes[bytes[at]!]!) & WORD) {
        bits |= last
        at++
      }
      if (at === end) break
      if (last & LEAD) {
        const length = wordLength(bytes, at, end)
        // The next bytes decide, and they have not arrived yet.
        if (length < 0 && !isWhole) break
        if (length > 0 && line < 0) line = at
        if (length > 0) bits |= last
        at += Math.max(length, 0)
        if (length > 0) continue
      }
      if (line >= 0) this.#endLine(bytes, line, at, bits, shortest)
      line = -1
      at++
    }
    if (isWhole && line >= 0) this.#endLine(bytes, line, at, bits, shortest)
    this.#position = at
    this.#line = isWhole ? -1 : line
    this.#bits = bits
    if (line < 0) this.#endListBefore(bytes, at)
    if (isWhole) this.#closeAll(bytes, at)
    else if (line >= 0 && at - line >= shortest) this.#growWord(bytes, line, at)
  }

  shift(by: number): void {
    this.#position -= by
    this.#listFrom -= by
    this.#listTo -= by
    this.#gapSeen -= by
    this.#word.shift(by)
    this.#list.shift(by)
    this.#listWithEdges.shift(by)
    if (this.#line >= 0) this.#line -= by
  }

  #endLine(bytes: Buffer, from: number, to: number, bits: number, shortest: number): void {
    if (bits & DIGIT) this.#addNumber(bytes, from, to)
    else if (this.#listWithEdges.isOpen && bits & ALPHANUMERIC && !isEscapedBlank(bytes, from, to))
      this.#closeList(bytes)
    if (to - from < shortest && !this.#word.isOpen) return
    this.#growWord(bytes, from, to)
    const mayGoOn = to - from >= minLine ? canBreak(bytes[to]!) : bytes[to] === PADDING
    if (!mayGoOn) this.#closeWord(bytes, to)
  }

  /** Adds the part of a line that is there. */
  #growWord(bytes: Buffer, from: number, to: number): void {
    if (this.#word.isOpen && this.#word.from < from && !this.#goesOn(bytes, from)) this.#closeWord(bytes, from)
    if (!this.#word.isOpen) this.#word.open(from)
    this.#word.grow(bytes, to)
  }

  /** Whether this is the next line of a wrapped word. */
  #goesOn(bytes: Buffer, from: number): boolean {
    const { isOpen, from: beginning, to } = this.#word
    return isOpen && beginning < from && (to >= from || isBreak(bytes, to, from))
  }

  #closeWord(bytes: Buffer, end: number): void {
    const { from, to } = this.#word
    if (this.#word.close(bytes)) this.regions.push({ from, to: endOfWord(bytes, to, end), isList: false })
  }

  #addNumber(bytes: Buffer, from: number, to: number): void {
    this.#endListBefore(bytes, from)
    if (to - from > maxNumber || this.#goesOn(bytes, from)) return this.#addEdge(bytes, from, to)
    const first = nextDigit(bytes, from)
    if (this.#numbers++ === 0) this.#list.open(first)
    if (!this.#listWithEdges.isOpen) {
      this.#listFrom = first
      this.#listWithEdges.open(first)
    }
    // The same word may contain the end of the list.
    this.#listTo = behindLastNumber(bytes, to)
    this.#list.grow(bytes, this.#listTo)
    this.#listWithEdges.grow(bytes, this.#listTo)
  }

  /**
   * The caller may have written text right beside a list, so that a longer word ends with its first number or begins
   * with its last. The word belongs to the list, but the rest of the word decides nothing and does not count.
   */
  #addEdge(bytes: Buffer, from: number, to: number): void {
    if (this.#listWithEdges.isOpen && hasDigit(bytes, from, from + maxEdge)) {
      this.#listTo = beforeBackslashes(bytes, to)
      this.#listWithEdges.grow(bytes, from + maxEdge)
    }
    this.#closeList(bytes)
    if (!hasDigit(bytes, to - maxEdge, to)) return
    this.#listFrom = from
    this.#listTo = to
    this.#listWithEdges.open(to - maxEdge)
  }

  /** A list ends with its bracket or brace, and with a blank line: otherwise the stream would hold back a whole event. */
  #endListBefore(bytes: Buffer, to: number): void {
    if (!this.#listWithEdges.isOpen) return
    for (let at = Math.max(this.#listTo, this.#gapSeen); at < to; at++) {
      const byte = bytes[at]!
      const isBlankLine = byte === 10 && (bytes[at - 1] === 10 || (bytes[at - 1] === 13 && bytes[at - 2] === 10))
      if (isBlankLine || byte === 0x5d || byte === 0x7d) return this.#closeList(bytes)
    }
    this.#gapSeen = to
  }

  #closeList(bytes: Buffer): void {
    const mayHold = this.#numbers >= fewestNumbers
    const goes = mayHold && (this.#list.close(bytes) || this.#listWithEdges.close(bytes))
    this.#list.isOpen = this.#listWithEdges.isOpen = false
    this.#numbers = 0
    if (goes) this.regions.push({ from: this.#listFrom, to: this.#listTo, isList: true })
  }

  #closeAll(bytes: Buffer, end: number): void {
    if (this.#word.isOpen) this.#closeWord(bytes, end)
    this.#closeList(bytes)
  }
}

/**
 * The number of bytes from here on that belong to a word; -1 if that is not known yet. An ampersand belongs to a word if
 * it begins an HTML character, not if it separates the parts of a query.
 */
function wordLength(bytes: Buffer, at: number, end: number): number {
  const bits = classes[bytes[at]!]!
  if (bits & WORD) return 1
  if (!(bits & LEAD)) return 0
  if (bytes[at] !== 0x26) return invisibleLength(bytes, at, end)
  // UTF-16 and UTF-32 have zeros between the letters.
  const longest = at + 4 * (maxName + 1)
  let word = ''
  for (let to = at + 1; to < end; to++) {
    if (to > longest) return 0
    const byte = bytes[to]!
    if (byte === 0) continue
    if (word === '' && byte === 0x23) return 1
    if (!(classes[byte]! & ALPHANUMERIC)) return byte === 0x3b && htmlCodeOf(word) !== undefined ? 1 : 0
    if (word.length === maxName) return 0
    word += String.fromCharCode(byte)
  }
  return -1
}

/** Blanks, line breaks, and the characters before them. */
const canBreak = (byte: number) => byte === 0x20 || byte === PADDING || (byte >= 9 && byte <= 13)

/** Whether there is only a line break and the indentation of the next line here. The break may be escaped. */
function isBreak(bytes: Buffer, from: number, to: number): boolean {
  let hasBreak = escapedBreak.test(bytes.toString('latin1', Math.max(0, from - 32), from))
  let isPadding = true
  for (let at = from; at < to; at++) {
    if (!canBreak(bytes[at]!)) return false
    if (bytes[at] === 10 || bytes[at] === 13) hasBreak = true
    if (bytes[at] !== PADDING) isPadding = false
  }
  // The character after the backslash may be the first one of an echo.
  return hasBreak || (isPadding && bytes[to] === 0x5c)
}

const escapedBreak = /(?:\\+(?:[nr]|u000[ad]|x0[ad])|%(?:25)*0[ad]|&(?:amp;)*#(?:x0*[ad]|0*1[03]);)$/i

/** `\n` and similar, in JSON within JSON. */
function isEscapedBlank(bytes: Buffer, from: number, to: number): boolean {
  return bytes[from] === 0x5c && to - from < 32 && /^(?:\\+[nrt]?)+$/.test(bytes.toString('latin1', from, to))
}

/** The end of possible base64, including its padding. */
function endOfWord(bytes: Buffer, to: number, end: number): number {
  while (to < end && bytes[to] === PADDING) to++
  return beforeBackslashes(bytes, to)
}

function hasDigit(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (classes[bytes[at]!]! & DIGIT) return true
  return false
}
