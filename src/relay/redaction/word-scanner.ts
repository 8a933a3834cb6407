import { classes, DIGIT, invisibleLength, LEAD, WORD } from './characters.ts'
import type { Matcher } from './matcher.ts'
import { isHtmlName, longestName } from './unescape.ts'
import { Unit, type Bytes, type Region, type Scanner } from './unit.ts'

/** A line of what was broken into lines has at least so many bytes. */
const shortestLine = 16
/** A number, with what it is written with: `0x73`, `\u{00073}`, `:115`. */
const longestNumber = 12
/** Of fewer numbers comes no value. */
const fewestNumbers = 8

/** Finds words, also such as were broken into lines, and lists of numbers. */
export class WordScanner implements Scanner {
  regions: Region[] = []
  readonly #matcher: Matcher
  /** A word, or several that were one before it was broken into lines. */
  readonly #word: Unit
  /** Words with a digit in each, and anything between them. */
  readonly #list: Unit
  #numbers = 0
  #position = 0
  /** Where the word's last line begins; -1 when it has ended. Then the word may still be open, as another line may follow. */
  #line = -1
  /** What stands in that line. */
  #bits = 0

  constructor(matcher: Matcher) {
    this.#matcher = matcher
    this.#word = new Unit((bytes, from, to) => matcher.holdsValue(bytes, from, to))
    this.#list = new Unit((bytes, from, to) => matcher.holdsValueInNumbers(bytes, from, to))
  }

  get undecided(): number {
    const word = this.#word.isOpen ? this.#word.from : this.#position
    return this.#list.isOpen ? Math.min(word, this.#list.from) : word
  }

  scan({ bytes, end, isWhole }: Bytes): void {
    if (this.#matcher.isEmpty) return this.#skipTo(end)
    let at = this.#position
    while (at < end) {
      if (this.#line >= 0) {
        let bits = 0
        while (at < end && classes[bytes[at]!]! & WORD) bits |= classes[bytes[at++]!]!
        this.#bits |= bits
      } else while (at < end && !(classes[bytes[at]!]! & (WORD | LEAD))) at++
      if (at === end) break
      const length = wordLength(bytes, at, end)
      // What follows decides, and it is not there yet.
      if (length < 0 && !isWhole) break
      if (length <= 0) {
        if (this.#line >= 0) this.#endLine(bytes, at)
        at++
      } else {
        if (this.#line < 0) this.#beginLine(bytes, at)
        at += length
        this.#bits |= classes[bytes[at - length]!]!
      }
    }
    this.#position = at
    if (this.#line >= 0) this.#word.grow(bytes, at)
    if (!isWhole) return
    if (this.#line >= 0) this.#endLine(bytes, at)
    if (this.#word.isOpen) this.#closeWord(bytes)
    this.#closeList(bytes)
  }

  shift(by: number): void {
    this.#position -= by
    this.#word.shift(by)
    this.#list.shift(by)
    if (this.#line >= 0) this.#line -= by
  }

  #skipTo(end: number): void {
    this.#position = end
    this.#line = -1
    this.#word.isOpen = this.#list.isOpen = false
  }

  #beginLine(bytes: Buffer, at: number): void {
    this.#line = at
    this.#bits = 0
    if (this.#word.isOpen && !isBreak(bytes, this.#word.to, at)) this.#closeWord(bytes)
    if (!this.#word.isOpen) this.#word.open(at)
  }

  #endLine(bytes: Buffer, at: number): void {
    const from = this.#line
    this.#line = -1
    this.#word.grow(bytes, at)
    if (at - from <= longestNumber && this.#bits & DIGIT) {
      if (!this.#list.isOpen) {
        this.#list.open(from)
        this.#numbers = 0
      }
      this.#list.grow(bytes, at)
      this.#numbers++
    } else if (this.#list.isOpen && !isEscapedBlank(bytes, from, at)) this.#closeList(bytes)
    if (at - from < shortestLine || !canBreak(bytes[at]!)) this.#closeWord(bytes)
  }

  #closeWord(bytes: Buffer): void {
    const { from, to } = this.#word
    if (to - from < this.#matcher.shortest) this.#word.isOpen = false
    else if (this.#word.close(bytes)) this.regions.push({ from, to: beforeBackslashes(bytes, to), isList: false })
  }

  #closeList(bytes: Buffer): void {
    const { isOpen, from, to } = this.#list
    this.#list.isOpen = false
    if (isOpen && this.#numbers >= fewestNumbers && this.#list.close(bytes))
      this.regions.push({ from, to: behindLastDigit(bytes, to), isList: true })
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
  const behind = bytes.toString('latin1', at + 1, Math.min(at + 1 + longestName, end))
  if (behind.startsWith('#')) return 1
  const [, word = '', sign] = /^([a-z]*)(.)?/is.exec(behind)!
  if (sign === undefined && behind.length < longestName) return -1
  return sign === ';' && isHtmlName(word) ? 1 : 0
}

/** Blanks, line breaks, and the sign that quoted-printable and base64 have before them. */
const canBreak = (byte: number) => byte === 0x20 || byte === 0x3d || (byte >= 9 && byte <= 13)

/** Whether nothing but a line break, and the indentation of the next line, stands here. */
function isBreak(bytes: Buffer, from: number, to: number): boolean {
  let hasBreak = escapedBreak.test(bytes.toString('latin1', Math.max(0, from - 32), from))
  for (let at = from; at < to; at++) {
    if (!canBreak(bytes[at]!)) return false
    if (bytes[at] === 10 || bytes[at] === 13) hasBreak = true
  }
  return hasBreak
}

const escapedBreak = /(?:\\+(?:[nr]|u000[ad]|x0[ad])|%(?:25)*0[ad]|&(?:amp;)*#(?:x0*[ad]|0*1[03]);)$/i

/** `\n` and the like, in JSON that is written in JSON. */
function isEscapedBlank(bytes: Buffer, from: number, to: number): boolean {
  return bytes[from] === 0x5c && to - from < 32 && /^(?:\\+[nrt]?)+$/.test(bytes.toString('latin1', from, to))
}

/** A backslash at the end belongs to the quote behind it. */
function beforeBackslashes(bytes: Buffer, to: number): number {
  while (bytes[to - 1] === 0x5c) to--
  return to
}

/** A brace at the end belongs to the object around the numbers. */
function behindLastDigit(bytes: Buffer, to: number): number {
  while (!/[a-z0-9]/i.test(String.fromCharCode(bytes[to - 1]!))) to--
  return to
}
