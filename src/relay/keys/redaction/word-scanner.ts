import { behindLastNumber, nextDigit } from './encodings.ts'
import { ALPHANUMERIC, classes, DIGIT, invisibleLength, LEAD, WORD } from './characters.ts'
import type { Matcher } from './matcher.ts'
import { htmlCodeOf, longestName } from './html-names.ts'
import { beforeBackslashes, Unit, type Bytes, type Region, type Scanner } from './unit.ts'

/** A line of what was broken into lines has at least so many bytes. */
const shortestLine = 16
/** A number, with what it is written with: `0x73`, `\u{00073}`, `:115`. */
const longestNumber = 12
/** So far from the end of a longer word a number's first digit may be. */
const longestEdge = 6
/** `=`, also where quoted-printable breaks a line. */
const PADDING = 0x3d
/** Of fewer numbers comes no value, even with those that the caller wrote beside. */
const fewestNumbers = 6

/** Finds words, also such as were broken into lines, and lists of numbers. */
export class WordScanner implements Scanner {
  regions: Region[] = []
  readonly #matcher: Matcher
  /** A word, or several that were one before it was broken into lines. */
  readonly #word: Unit
  /** Words with a digit in each, and anything between them. */
  readonly #list: Unit
  /**
   * The same with the ends of the longer words beside them. These count for windows
   * only: one of them may be an echo, and a public beginning in numbers next to it
   * would tell whether its first or last signs are a number.
   */
  readonly #listWithEdges: Unit
  /** How many of them there are by now. */
  #numbers = 0
  /** What goes of them. */
  #listFrom = 0
  #listTo = 0
  /** Up to where it was looked whether the list ends. */
  #gapSeen = 0
  #position = 0
  /** Where the word's last line begins; -1 when it has ended. Then the word may still be open, as another line may follow. */
  #line = -1
  /** What stands in that line. */
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

  /** This is where the time goes: most words are short, have no digit, and are only passed over. */
  scan({ bytes, end, isWhole }: Bytes): void {
    const shortest = Math.min(this.#matcher.shortest, shortestLine)
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
        // What follows decides, and it is not there yet.
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
    const mayGoOn = to - from >= shortestLine ? canBreak(bytes[to]!) : bytes[to] === PADDING
    if (!mayGoOn) this.#closeWord(bytes, to)
  }

  /** With a line that stands there, as far as it does. */
  #growWord(bytes: Buffer, from: number, to: number): void {
    if (this.#word.isOpen && this.#word.from < from && !this.#goesOn(bytes, from)) this.#closeWord(bytes, from)
    if (!this.#word.isOpen) this.#word.open(from)
    this.#word.grow(bytes, to)
  }

  /** Whether the word was broken into lines, of which this is another one. */
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
    if (to - from > longestNumber || this.#goesOn(bytes, from)) return this.#addEdge(bytes, from, to)
    const first = nextDigit(bytes, from)
    if (this.#numbers++ === 0) this.#list.open(first)
    if (!this.#listWithEdges.isOpen) {
      this.#listFrom = first
      this.#listWithEdges.open(first)
    }
    // What closes the list may stand in the same word.
    this.#listTo = behindLastNumber(bytes, to)
    this.#list.grow(bytes, this.#listTo)
    this.#listWithEdges.grow(bytes, this.#listTo)
  }

  /**
   * The caller may have written right beside a list: then a longer word ends with
   * its first number, or begins with its last. It goes with the list, but nothing
   * else in it says whether that goes; nor is it counted.
   */
  #addEdge(bytes: Buffer, from: number, to: number): void {
    if (this.#listWithEdges.isOpen && hasDigit(bytes, from, from + longestEdge)) {
      this.#listTo = beforeBackslashes(bytes, to)
      this.#listWithEdges.grow(bytes, from + longestEdge)
    }
    this.#closeList(bytes)
    if (!hasDigit(bytes, to - longestEdge, to)) return
    this.#listFrom = from
    this.#listTo = to
    this.#listWithEdges.open(to - longestEdge)
  }

  /** A list ends with its bracket or brace, and with a blank line: an event of a stream does, and would be held back else. */
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
 * How many bytes from here on stand in a word; 0: none, and -1: that is not known
 * yet. An ampersand does where it begins a character of HTML, and not where a part
 * of a query follows.
 */
function wordLength(bytes: Buffer, at: number, end: number): number {
  const bits = classes[bytes[at]!]!
  if (bits & WORD) return 1
  if (!(bits & LEAD)) return 0
  if (bytes[at] !== 0x26) return invisibleLength(bytes, at, end)
  // Zeros of UTF-16 and UTF-32 stand between its letters.
  const longest = at + 4 * (longestName + 1)
  let word = ''
  for (let to = at + 1; to < end; to++) {
    if (to > longest) return 0
    const byte = bytes[to]!
    if (byte === 0) continue
    if (word === '' && byte === 0x23) return 1
    if (!(classes[byte]! & ALPHANUMERIC)) return byte === 0x3b && htmlCodeOf(word) !== undefined ? 1 : 0
    if (word.length === longestName) return 0
    word += String.fromCharCode(byte)
  }
  return -1
}

/** Blanks, line breaks, and what stands before them. */
const canBreak = (byte: number) => byte === 0x20 || byte === PADDING || (byte >= 9 && byte <= 13)

/** Whether nothing but a line break, and the indentation of the next line, stands here. The break may be escaped. */
function isBreak(bytes: Buffer, from: number, to: number): boolean {
  let hasBreak = escapedBreak.test(bytes.toString('latin1', Math.max(0, from - 32), from))
  let isPadding = true
  for (let at = from; at < to; at++) {
    if (!canBreak(bytes[at]!)) return false
    if (bytes[at] === 10 || bytes[at] === 13) hasBreak = true
    if (bytes[at] !== PADDING) isPadding = false
  }
  // What follows the backslash may be the first character of an echo.
  return hasBreak || (isPadding && bytes[to] === 0x5c)
}

const escapedBreak = /(?:\\+(?:[nr]|u000[ad]|x0[ad])|%(?:25)*0[ad]|&(?:amp;)*#(?:x0*[ad]|0*1[03]);)$/i

/** `\n` and the like, in JSON that is written in JSON. */
function isEscapedBlank(bytes: Buffer, from: number, to: number): boolean {
  return bytes[from] === 0x5c && to - from < 32 && /^(?:\\+[nrt]?)+$/.test(bytes.toString('latin1', from, to))
}

/** With the padding behind it, of what may be base64. */
function endOfWord(bytes: Buffer, to: number, end: number): number {
  while (to < end && bytes[to] === PADDING) to++
  return beforeBackslashes(bytes, to)
}

function hasDigit(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (classes[bytes[at]!]! & DIGIT) return true
  return false
}
