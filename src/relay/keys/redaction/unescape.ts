// Longer than 300 lines: one state machine, whose states and steps belong together.
import { htmlCodeOf, maxName } from './html-names.ts'
import { ALPHANUMERIC, classes, hexDigits, isInvisible } from './characters.ts'

/** Chooses one of several possible readings. */
export interface Reading {
  /** The escapes that are decoded. In `none`, only invisible characters are left out. */
  escapes: 'all' | 'percent' | 'none'
  /** False: a decoded character begins no other escape. */
  isNested: boolean
  /** True: line breaks stay. False: wrapped lines are joined, without indentation. */
  keepsBreaks: boolean
  /** `\60` is a 0, as in C, and not a grave accent, as in CSS. */
  isOctal: boolean
}

/** Reads all escapes, nested to any depth. */
export const all: Reading = { escapes: 'all', isNested: true, keepsBreaks: true, isOctal: false }

/**
 * Decodes the escapes of urls, JSON, JavaScript, HTML, CSS and C, nested to any depth, in one pass. It appends
 * characters to the output. When the last of them form an escape, its character replaces them, and may in turn complete
 * another escape. Invisible characters are left out.
 */
export class Unescaper {
  /** Whether another reading would give another text. */
  hasBreaks = false
  hasOctals = false
  hasInvisibles = false
  hasNested = false
  #hasPercent = false
  #hasOthers = false

  #target: Uint8Array = new Uint8Array(0)
  #length = 0
  #reading = all
  #isIndentation = false
  /** Another escape has ended an HTML number. It may be the semicolon of the number. */
  #mayEnd = false
  /** The decoded code, when an escape is complete. */
  #code = 0
  /** Open escapes, each within the one before; the innermost is the last. */
  #depth = 0
  readonly #kinds = new Uint8Array(deepest)
  readonly #starts = new Int32Array(deepest)
  readonly #areDecoded = new Uint8Array(deepest)
  readonly #values = new Int32Array(deepest)
  readonly #digits = new Uint8Array(deepest)
  readonly #needed = new Uint8Array(deepest)

  /** Percent signs among other escapes, or an escape that percent signs spell: a part of a secret looks like one. */
  get isMixed(): boolean {
    return this.#hasPercent && this.#hasOthers
  }

  /** @returns The number of bytes in `target`, at most the number of bytes read. */
  read(bytes: Uint8Array, from: number, to: number, target: Uint8Array, reading: Reading): number {
    this.#target = target
    this.#reading = reading
    this.#length = this.#depth = 0
    this.hasBreaks = this.hasOctals = this.hasInvisibles = this.#isIndentation = this.#mayEnd = false
    this.hasNested = this.#hasPercent = this.#hasOthers = false
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!
      // Most characters are not part of an escape.
      if (this.#depth === 0 && isOrdinary[byte] === 1 && !this.#isIndentation && !this.#mayEnd)
        target[this.#length++] = byte
      else this.#feed(byte, false)
    }
    // Numbers without a fixed length may end with the text.
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
      // An escape that ended before this character may be part of another one, which reads this character next.
      if (step === ended) {
        const kind = this.#kinds[this.#depth - 1]!
        this.#complete()
        this.#mayEnd = (kind === decimal || kind === hexNumber) && isIntroducer(byte)
      } else this.#depth = 0
    }
    if (byte === 10 || byte === 13) return this.#break()
    if (this.#isIndentation && (byte === 32 || byte === 9)) return
    this.#isIndentation = false
    if (this.#isDecodable(byte, isDecoded)) this.#begin(byte, isDecoded)
    this.#write(byte)
  }

  #break(): void {
    this.hasBreaks = true
    if (this.#reading.keepsBreaks) this.#target[this.#length++] = 10
    else {
      // A soft line break of quoted-printable.
      if (!this.#isIndentation && this.#length > 0 && this.#target[this.#length - 1] === 0x3d) this.#length--
      this.#isIndentation = true
    }
  }

  #isDecodable(byte: number, isDecoded: boolean): boolean {
    if (!isIntroducer(byte)) return false
    const { escapes, isNested } = this.#reading
    if (isDecoded) this.hasNested = true
    if (isDecoded && !isNested) return false
    return escapes === 'all' || (escapes === 'percent' && byte === PERCENT)
  }

  #begin(byte: number, isDecoded: boolean): void {
    if (byte === PERCENT) this.#hasPercent = true
    else this.#hasOthers = true
    // Deeper nesting does not occur, so it is not an escape.
    if (this.#depth === deepest) this.#depth = 0
    const at = this.#depth++
    this.#kinds[at] = byte === PERCENT ? percent : byte === BACKSLASH ? backslash : ampersand
    this.#starts[at] = this.#length
    this.#areDecoded[at] = isDecoded ? 1 : 0
    this.#values[at] = this.#digits[at] = this.#needed[at] = 0
  }

  /** Replaces the characters of the innermost escape with its character. */
  #complete(): void {
    const at = --this.#depth
    const kind = this.#kinds[at]!
    const code = kind === name || kind === backslash ? this.#code : this.#values[at]!
    this.#length = this.#starts[at]!
    if (code === 0 || isInvisibleCode(code)) return
    if (code < 0x80) return this.#feed(code, true)
    this.#depth = 0
    // A url escape is a byte, all others are characters.
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

  /** Continues the innermost escape with the next character. */
  #advance(byte: number, isDecoded: boolean): number {
    const at = this.#depth - 1
    const wasDecoded = this.#areDecoded[at] === 1
    // A program that escapes letters and digits escapes signs too. Otherwise a caller could begin an escape before an echo.
    if (isDecoded && !wasDecoded && isAlphanumeric(byte)) return fails
    const digit = hexDigits[byte]!
    const count = this.#digits[at]!
    switch (this.#kinds[at]!) {
      case percent:
        if (isIntroducer(byte)) return nests
        if (byte === 0x75 || byte === 0x55) return this.#become(hex, 4)
        return digit < 16 ? this.#firstDigit(hex, digit, 2) : fails
      case backslash:
        // Only a decoded character can escape a decoded one.
        if (byte === BACKSLASH && wasDecoded && !isDecoded) return nests
        return this.#afterBackslash(byte, digit)
      case ampersand:
        if (byte === 0x23) return this.#become(numeric, 0)
        return isLetter(byte) ? this.#become(name, 0) : this.#nestsOrFails(byte)
      case name:
        if (byte === SEMICOLON) return this.#readName()
        return isLetter(byte) && this.#length - this.#starts[at]! < maxName ? goesOn : this.#nestsOrFails(byte)
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
        // `\U00000073`: four digits are not a complete character yet.
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

  /** A number that may end with a special sign. */
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

/** Maximum of nested, incomplete escapes. */
const deepest = 16

// The continuation of an escape.
const [goesOn, completes, ended, nests, fails] = [0, 1, 2, 3, 4]

// The kind of an escape, as far as it is known.
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
