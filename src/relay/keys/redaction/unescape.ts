import { htmlCodeOf, longestName } from './html-names.ts'
import { ALPHANUMERIC, classes, hexDigits, isInvisible } from './characters.ts'

/** How a text is read where it can be read in several ways. */
export interface Reading {
  /** Otherwise only what nobody sees is left out. */
  decodes: boolean
  /** Line breaks stay; else what is broken into lines is joined, without indentation. */
  keepsBreaks: boolean
  /** `\60` is a 0, as in C, and not a grave accent, as in CSS. */
  isOctal: boolean
}

/**
 * Reads what was written for urls, JSON, JavaScript, HTML, CSS and C, in each
 * other and to any depth, in one pass: characters are shifted onto the output,
 * and as soon as the last of them are another way to write one, they are replaced
 * by it, which may complete the next. Characters that nobody sees are left out.
 */
export class Unescaper {
  /** Whether another reading of the same would give another text. */
  hasBreaks = false
  hasOctals = false
  hasInvisibles = false

  #target: Uint8Array = new Uint8Array(0)
  #length = 0
  #reading: Reading = { decodes: true, keepsBreaks: true, isOctal: false }
  #isIndentation = false
  /** A number of HTML was ended by another escape, which may be the semicolon behind it. */
  #mayEnd = false
  /** What was decoded, when an escape is complete. */
  #code = 0
  /** Escapes that have begun, one in the other; the innermost is the last. */
  #depth = 0
  readonly #kinds = new Uint8Array(deepest)
  readonly #starts = new Int32Array(deepest)
  readonly #areDecoded = new Uint8Array(deepest)
  readonly #values = new Int32Array(deepest)
  readonly #digits = new Uint8Array(deepest)
  readonly #needed = new Uint8Array(deepest)

  /** @returns how many bytes were written into `target`: no more than were read. */
  read(bytes: Uint8Array, from: number, to: number, target: Uint8Array, reading: Reading): number {
    this.#target = target
    this.#reading = reading
    this.#length = this.#depth = 0
    this.hasBreaks = this.hasOctals = this.hasInvisibles = this.#isIndentation = this.#mayEnd = false
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      // Most characters neither are an escape nor stand in one.
      if (this.#depth === 0 && isOrdinary[byte] === 1 && !this.#isIndentation && !this.#mayEnd)
        target[this.#length++] = byte
      else this.#feed(byte, false)
    }
    // Numbers of no fixed length may end with the text.
    while (this.#depth > 0 && canEnd[this.#kinds[this.#depth - 1]!] === 1 && this.#isCharacter()) this.#complete()
    return this.#length
  }

  #feed(byte: number, isDecoded: boolean): void {
    if (byte === 0) {
      this.hasInvisibles = true
      return
    }
    if (this.#mayEnd && (isDecoded || this.#depth === 0)) {
      this.#mayEnd = !isDecoded && isIntroducer(byte)
      if (isDecoded && byte === SEMICOLON) return
    }
    while (this.#depth > 0) {
      const step = this.#advance(byte, isDecoded)
      if (step === goesOn) {
        if (!isDecoded) this.#areDecoded[this.#depth - 1] = 0
        return this.#write(byte)
      }
      if (step === completes) return this.#complete()
      if (step === nests) break
      // What ended before this one may stand in another escape, which sees this one next.
      if (step === ended) {
        const kind = this.#kinds[this.#depth - 1]!
        this.#complete()
        this.#mayEnd = (kind === decimal || kind === hexNumber) && isIntroducer(byte)
      } else this.#depth = 0
    }
    if (byte === 10 || byte === 13) return this.#break()
    if (this.#isIndentation && (byte === 32 || byte === 9)) return
    this.#isIndentation = false
    if (this.#reading.decodes && isIntroducer(byte)) this.#begin(byte, isDecoded)
    this.#write(byte)
  }

  #break(): void {
    this.hasBreaks = true
    if (this.#reading.keepsBreaks) this.#target[this.#length++] = 10
    else {
      // Quoted-printable marks a break that it made itself.
      if (!this.#isIndentation && this.#length > 0 && this.#target[this.#length - 1] === 0x3d) this.#length--
      this.#isIndentation = true
    }
  }

  #begin(byte: number, isDecoded: boolean): void {
    // Whoever nests deeper than anybody would writes no escape.
    if (this.#depth === deepest) this.#depth = 0
    const at = this.#depth++
    this.#kinds[at] = byte === PERCENT ? percent : byte === BACKSLASH ? backslash : ampersand
    this.#starts[at] = this.#length
    this.#areDecoded[at] = isDecoded ? 1 : 0
    this.#values[at] = this.#digits[at] = this.#needed[at] = 0
  }

  /** Takes back what the innermost escape was written with, and goes on with what it means. */
  #complete(): void {
    const at = --this.#depth
    const kind = this.#kinds[at]!
    const code = kind === name || kind === backslash ? this.#code : this.#values[at]!
    this.#length = this.#starts[at]!
    if (code === 0 || isInvisibleCode(code)) return
    if (code < 0x80) return this.#feed(code, true)
    this.#depth = 0
    // Of a url come bytes, of all others come characters.
    if (kind === hex && this.#needed[at] === 2) return this.#write(code)
    for (const byte of Buffer.from(String.fromCodePoint(code))) this.#write(byte)
  }

  #write(byte: number): void {
    const target = this.#target
    target[this.#length++] = byte
    if (byte < 0x80) return
    this.hasInvisibles = true
    const at = this.#length - 3
    if (byte === 0xad && target[this.#length - 2] === 0xc2 && this.#length > 1) this.#length -= 2
    else if (at >= 0 && isInvisible(target[at]!, target[at + 1]!, byte)) this.#length -= 3
  }

  /** What the innermost escape makes of the next character. */
  #advance(byte: number, isDecoded: boolean): number {
    const at = this.#depth - 1
    const wasDecoded = this.#areDecoded[at] === 1
    // Whoever escapes letters and digits escapes the signs before them too. Otherwise a caller could let an escape begin before an echo.
    if (isDecoded && !wasDecoded && isAlphanumeric(byte)) return fails
    const digit = hexDigits[byte]!
    const count = this.#digits[at]!
    switch (this.#kinds[at]!) {
      case percent:
        if (isIntroducer(byte)) return nests
        if (byte === 0x75 || byte === 0x55) return this.#become(hex, 4)
        return digit < 16 ? this.#firstDigit(hex, digit, 2) : fails
      case backslash:
        // One that was decoded is escaped by no other than a decoded one.
        if (byte === BACKSLASH && wasDecoded && !isDecoded) return nests
        return this.#afterBackslash(byte, digit)
      case ampersand:
        if (byte === 0x23) return this.#become(numeric, 0)
        return isLetter(byte) ? this.#become(name, 0) : this.#nestsOrFails(byte)
      case name:
        if (byte === SEMICOLON) return this.#readName()
        return isLetter(byte) && this.#length - this.#starts[at]! < longestName ? goesOn : this.#nestsOrFails(byte)
      case numeric:
        if (byte === 0x78 || byte === 0x58) return this.#become(hexNumber, 0)
        return digit < 10 ? this.#firstDigit(decimal, digit, 0) : this.#nestsOrFails(byte)
      case decimal:
        if (digit < 10 && count < 8) return this.#nextDigit(10, digit)
        return this.#ends(byte, SEMICOLON)
      case hexNumber:
        if (digit < 16 && count < 8) return this.#nextDigit(16, digit)
        return count > 0 ? this.#ends(byte, SEMICOLON) : this.#nestsOrFails(byte)
      case hex:
        if (byte === 0x7b && count === 0) return this.#become(braced, 0)
        if (digit === 16) return this.#nestsOrFails(byte)
        this.#nextDigit(16, digit)
        // `\U00000073`, of which four digits are no character yet.
        if (count === 3 && this.#needed[at] === 8 && this.#values[at] !== 0) return completes
        return count + 1 === this.#needed[at] ? completes : goesOn
      case braced:
        if (byte === 0x7d) return this.#isCharacter() ? completes : fails
        return digit < 16 && count < 8 ? this.#nextDigit(16, digit) : this.#nestsOrFails(byte)
      case css:
        if (digit < 16 && count < 6) return this.#nextDigit(16, digit)
        return this.#ends(byte, 0x20)
      case octal:
        if (digit < 8 && count < 3) return this.#nextDigit(8, digit)
        return this.#ends(byte, -1)
      default:
        return fails
    }
  }

  #afterBackslash(byte: number, digit: number): number {
    if (byte === 0x78 || byte === 0x58) return this.#become(hex, 2)
    if (byte === 0x75) return this.#become(hex, 4)
    if (byte === 0x55) return this.#become(hex, 8)
    if (digit < 10) {
      if (digit < 8) this.hasOctals = true
      if (this.#reading.isOctal) return digit < 8 ? this.#firstDigit(octal, digit, 0) : fails
      // The others would be control characters.
      return digit === 0 || (digit > 1 && digit < 8) ? this.#firstDigit(css, digit, 0) : fails
    }
    const meant = afterBackslash.get(byte)
    if (meant === undefined) return isLetter(byte) || byte > 0x7f ? fails : this.#nestsOrMeans(byte)
    this.#code = meant
    return completes
  }

  #nestsOrMeans(byte: number): number {
    if (byte === PERCENT || byte === AMPERSAND) return nests
    this.#code = byte
    return completes
  }

  #nestsOrFails(byte: number): number {
    return isIntroducer(byte) ? nests : fails
  }

  #become(kind: number, needed: number): number {
    this.#kinds[this.#depth - 1] = kind
    this.#needed[this.#depth - 1] = needed
    return goesOn
  }

  #firstDigit(kind: number, digit: number, needed: number): number {
    this.#become(kind, needed)
    return this.#nextDigit(16, digit)
  }

  #nextDigit(base: number, digit: number): number {
    const at = this.#depth - 1
    this.#values[at] = this.#values[at]! * base + digit
    this.#digits[at]!++
    return goesOn
  }

  /** A number that may end with a sign of its own. */
  #ends(byte: number, sign: number): number {
    if (!this.#isCharacter()) return fails
    return byte === sign ? completes : ended
  }

  #isCharacter(): boolean {
    const value = this.#values[this.#depth - 1]!
    return this.#digits[this.#depth - 1]! > 0 && value >= 0 && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff)
  }

  #readName(): number {
    const start = this.#starts[this.#depth - 1]! + 1
    let word = ''
    for (let at = start; at < this.#length; at++) word += String.fromCharCode(this.#target[at]!)
    const code = htmlCodeOf(word)
    if (code === undefined) return fails
    this.#code = code
    return completes
  }
}

const PERCENT = 0x25
const BACKSLASH = 0x5c
const AMPERSAND = 0x26
const SEMICOLON = 0x3b
const isIntroducer = (byte: number) => byte === PERCENT || byte === BACKSLASH || byte === AMPERSAND

/** Escapes in escapes, none of which is complete. */
const deepest = 16

// How an escape goes on.
const [goesOn, completes, ended, nests, fails] = [0, 1, 2, 3, 4]

// What an escape is, as far as is known.
const [percent, backslash, ampersand, name, numeric, decimal, hexNumber, hex, braced, css, octal] = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
]

const canEnd = Uint8Array.from({ length: 12 }, (_, kind) =>
  kind === decimal || kind === hexNumber || kind === css || kind === octal ? 1 : 0,
)

const isOrdinary = Uint8Array.from({ length: 256 }, (_, code) =>
  code >= 0x20 && code < 0x80 && code !== PERCENT && code !== BACKSLASH && code !== AMPERSAND ? 1 : 0,
)

const isAlphanumeric = (byte: number) => (classes[byte]! & ALPHANUMERIC) !== 0
const isLetter = (byte: number) => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a

const isInvisibleCode = (code: number) =>
  code === 0xad || (code >= 0x200b && code <= 0x200f) || code === 0x2060 || code === 0xfeff

const afterBackslash = new Map(
  Object.entries({ n: 10, r: 13, t: 9, b: 8, f: 12, v: 11 }).map(([letter, code]) => [letter.charCodeAt(0), code]),
)
