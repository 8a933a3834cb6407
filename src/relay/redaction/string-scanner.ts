import type { Matcher } from './matcher.ts'
import { Unit, type Bytes, type Region, type Scanner } from './unit.ts'

/**
 * Whole strings of JSON, for values that hold quotes or backslashes themselves,
 * which end every smaller part of a text. In a text that is no JSON, whole lines.
 */
export class StringScanner implements Scanner {
  regions: Region[] = []
  readonly #matcher: Matcher
  readonly #unit: Unit
  #position = 0
  /** Undefined before the first character that is no blank. */
  #isJson: boolean | undefined
  #isInString = false
  #isEscaped = false

  constructor(matcher: Matcher) {
    this.#matcher = matcher
    this.#unit = new Unit((bytes, from, to) => matcher.holdsValue(bytes, from, to))
  }

  get undecided(): number {
    return this.#unit.isOpen ? this.#unit.from : this.#position
  }

  scan({ bytes, end, isWhole }: Bytes): void {
    const unit = this.#unit
    if (this.#matcher.isEmpty) {
      unit.isOpen = false
      this.#position = end
    }
    for (let at = this.#position; at < end; at++) {
      const isInUnit = this.#isInUnit(bytes[at]!)
      if (isInUnit && !unit.isOpen) unit.open(at)
      else if (!isInUnit && unit.isOpen) this.#close(bytes, at)
    }
    this.#position = end
    if (unit.isOpen) unit.grow(bytes, end)
    if (unit.isOpen && isWhole) this.#close(bytes, end)
  }

  shift(by: number): void {
    this.#position -= by
    this.#unit.shift(by)
  }

  #isInUnit(byte: number): boolean {
    const isBreak = byte === LINE_FEED || byte === CARRIAGE_RETURN
    if (!isBreak && byte !== BLANK && byte !== TAB)
      this.#isJson ??= byte === QUOTE || byte === BRACE || byte === BRACKET
    if (isBreak) this.#isInString = this.#isEscaped = false
    if (isBreak || this.#isJson !== true) return !isBreak
    if (this.#isEscaped) this.#isEscaped = false
    else if (byte === QUOTE) {
      this.#isInString = !this.#isInString
      return false
    } else if (byte === BACKSLASH) this.#isEscaped = this.#isInString
    return this.#isInString
  }

  #close(bytes: Buffer, at: number): void {
    this.#unit.grow(bytes, at)
    if (this.#unit.close(bytes)) this.regions.push({ from: this.#unit.from, to: at, isList: false })
  }
}

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const BLANK = 0x20
const QUOTE = 0x22
const BRACE = 0x7b
const BRACKET = 0x5b
const BACKSLASH = 0x5c
