import type { Matcher } from './matcher.ts'
import { Unit, type Bytes, type Region, type Scanner } from './removed-region.ts'

/**
 * Finds whole JSON strings, for values with quotes or backslashes: these characters end every smaller unit. In other
 * texts, it finds whole lines.
 */
export class StringScanner implements Scanner {
  regions: Region[] = []
  readonly #matcher: Matcher
  readonly #unit: Unit
  #position = 0
  /** Undefined before the first character that is not a blank. */
  #isJson: boolean | undefined
  #isEscaped = false
  /** The open unit is not a string. It may be a number or a word of JSON. */
  #isToken = false
  /** A quote that ends the string if valid JSON follows it; otherwise it belongs to an unescaped value. */
  #end: number | undefined

  constructor(matcher: Matcher) {
    this.#matcher = matcher
    this.#unit = new Unit((bytes, from, to) => matcher.holdsValue(bytes, from, to))
  }

  get undecided(): number {
    return this.#unit.isOpen ? this.#unit.from : this.#position
  }

  scan({ bytes, end, isWhole }: Bytes): void {
    if (this.#matcher.isEmpty) {
      this.#unit.isOpen = false
      this.#position = end
    }
    for (let at = this.#position; at < end; at++) this.#read(bytes, at)
    this.#position = end
    if (this.#unit.isOpen) this.#unit.grow(bytes, this.#end ?? end)
    if (isWhole) this.#close(bytes, end)
  }

  shift(by: number): void {
    this.#position -= by
    this.#unit.shift(by)
    if (this.#end !== undefined) this.#end -= by
  }

  #read(bytes: Buffer, at: number): void {
    const byte = bytes[at]!
    if ((byte === LINE_FEED || byte === CARRIAGE_RETURN) && !isSoftBreak(bytes, at)) {
      if (this.#isToken) this.#endToken(bytes, at)
      return this.#close(bytes, at)
    }
    const isBlank = byte === BLANK || byte === TAB
    if (!isBlank) this.#isJson ??= opensJson.has(byte)
    if (this.#end !== undefined && !isBlank) {
      if (endsString.has(byte)) this.#close(bytes, at)
      else this.#end = undefined
    }
    if (this.#isToken && isBetweenValues.has(byte)) this.#endToken(bytes, at)
    if (this.#isJson !== true) {
      if (!this.#unit.isOpen) this.#unit.open(at)
    } else if (this.#unit.isOpen && !this.#isToken) {
      if (this.#end !== undefined) return
      if (byte === QUOTE && !this.#isEscaped) this.#end = at
      this.#isEscaped = byte === BACKSLASH && !this.#isEscaped
    } else if (byte === QUOTE) this.#unit.open(at + 1)
    else if (!this.#isToken && !isBetweenValues.has(byte)) {
      this.#unit.open(at)
      this.#isToken = true
    }
  }

  /** A number, true, false or null; anything else means that the text is not JSON. */
  #endToken(bytes: Buffer, at: number): void {
    const { from } = this.#unit
    this.#isToken = false
    if (at - from <= maxLiteral && literal.test(bytes.toString('latin1', from, at))) this.#unit.isOpen = false
    else this.#isJson = false
  }

  #close(bytes: Buffer, at: number): void {
    const { from, isOpen } = this.#unit
    const to = this.#end ?? at
    this.#end = undefined
    this.#isEscaped = this.#isToken = false
    if (!isOpen) return
    this.#unit.grow(bytes, to)
    if (this.#unit.close(bytes)) this.regions.push({ from, to, isList: false })
  }
}

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BLANK = 0x20
const QUOTE = 0x22
const EQUALS = 0x3d
const BACKSLASH = 0x5c

const opensJson = new Set(Buffer.from('{["'))
const endsString = new Set(Buffer.from(',:]}'))
const isBetweenValues = new Set(Buffer.from('{}[],: \t"'))
const literal = /^(?:true|false|null|-?[\d.eE+-]+)$/
const maxLiteral = 400

/** A soft line break of quoted-printable: `=` at the end of a line. */
function isSoftBreak(bytes: Buffer, at: number): boolean {
  const end = bytes[at] === LINE_FEED && bytes[at - 1] === CARRIAGE_RETURN ? at - 1 : at
  return bytes[end - 1] === EQUALS
}
