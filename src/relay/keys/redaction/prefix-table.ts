import { BASE64, classes, lowerCase, VALUE } from './characters.ts'

/**
 * The public beginnings of values. Any text after one of them counts as a secret: right or wrong, whole or cut off, of
 * this relay or not. So the removal reveals nothing about the value, and hides all of it.
 */
export class PrefixTable {
  readonly #counts = new Map<string, number>()
  readonly #telling = new Prefixes(1)
  readonly #others = new Prefixes(enoughBehind)

  add(prefix: string): void {
    const text = prefix.toLowerCase()
    const count = this.#counts.get(text) ?? 0
    this.#counts.set(text, count + 1)
    if (count === 0) this.#placeOf(text).add(text)
  }

  remove(prefix: string): void {
    const text = prefix.toLowerCase()
    const count = this.#counts.get(text) ?? 0
    if (count > 1) this.#counts.set(text, count - 1)
    else if (this.#counts.delete(text)) this.#placeOf(text).remove(text)
  }

  isIn(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#telling.isIn(bytes, from, to) || this.#others.isIn(bytes, from, to)
  }

  #placeOf(prefix: string): Prefixes {
    return isTelling(prefix) ? this.#telling : this.#others
  }
}

/** The minimum length of a prefix, in characters. */
export const minPrefix = 3

/** The minimum of bytes that identify a value with this prefix. */
export function minLengthWith(prefix: string): number {
  return prefix.length + (isTelling(prefix) ? 1 : enoughBehind)
}

/** No other text has this beginning. Base64 contains only letters and digits by chance. */
export function isTelling(prefix: string): boolean {
  const { length } = prefix.replace(/[^a-z0-9]/gi, '')
  return length >= 10 || (length >= 5 && length < prefix.length)
}

/** Minimum after a prefix that other texts may have too; such a prefix counts only at the beginning of a word. */
const enoughBehind = 8

/**
 * A search after Wu and Manber: two characters give the distance to the next possible end of a prefix. The time may
 * depend on the prefixes, because they are public.
 */
class Prefixes {
  readonly #behind: number
  readonly #texts = new Set<string>()
  /** All prefixes have at least so many characters. */
  #common = 0
  /** By two of these characters: the number of characters after them. */
  readonly #steps = new Uint8Array(4_096)
  /** By the first characters: the lengths of the prefixes with this beginning. */
  readonly #lengths = new Map<number, Set<number>>()
  #isUpToDate = true

  /** @param behind The minimum of bytes after the prefix. With more than one, the prefix must also begin a word. */
  constructor(behind: number) {
    this.#behind = behind
  }

  add(text: string): void {
    this.#texts.add(text)
    this.#isUpToDate = false
  }

  remove(text: string): void {
    this.#texts.delete(text)
    this.#isUpToDate = false
  }

  isIn(bytes: Uint8Array, from: number, to: number): boolean {
    if (!this.#isUpToDate) this.#build()
    if (this.#texts.size === 0) return false
    const steps = this.#steps
    const common = this.#common
    for (let at = from + common - 1; at < to;) {
      const step = steps[slot(lowerCase[bytes[at - 1]!]!, lowerCase[bytes[at]!]!)]!
      if (step === 0 && this.#isAt(bytes, at + 1 - common, from, to)) return true
      at += Math.max(1, step)
    }
    return false
  }

  #isAt(bytes: Uint8Array, at: number, from: number, to: number): boolean {
    const lengths = this.#lengths.get(
      beginningOf(lowerCase[bytes[at]!]!, lowerCase[bytes[at + 1]!]!, lowerCase[bytes[at + 2]!]!),
    )
    if (!lengths || (this.#behind > 1 && at > from && isInBase64(bytes[at - 1]!))) return false
    for (const length of lengths)
      if (hasValueAt(bytes, at + length, to, this.#behind) && this.#texts.has(lowerText(bytes, at, at + length)))
        return true
    return false
  }

  #build(): void {
    this.#isUpToDate = true
    this.#lengths.clear()
    this.#common = Math.min(255, ...[...this.#texts].map(({ length }) => length))
    this.#steps.fill(this.#common - 1)
    for (const text of this.#texts) {
      const codes = Buffer.from(text, 'latin1')
      for (let at = 1; at < this.#common; at++) {
        const place = slot(codes[at - 1]!, codes[at]!)
        this.#steps[place] = Math.min(this.#steps[place]!, this.#common - 1 - at)
      }
      const beginning = beginningOf(codes[0]!, codes[1]!, codes[2]!)
      this.#lengths.set(beginning, (this.#lengths.get(beginning) ?? new Set()).add(text.length))
    }
  }
}

function hasValueAt(bytes: Uint8Array, from: number, to: number, length: number): boolean {
  if (from + length > to) return false
  for (let at = from; at < from + length; at++) if (!(classes[bytes[at]!]! & VALUE)) return false
  return true
}

function lowerText(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) text += String.fromCharCode(lowerCase[bytes[at]!]!)
  return text
}

/** A word does not begin after such a character: in base64, letters follow in any order. */
const isInBase64 = (byte: number) => (classes[byte]! & BASE64) !== 0

const slot = (one: number, other: number) => Math.imul((one << 8) | other, 0x9e3779b1) >>> 20
const beginningOf = (first: number, second: number, third: number) => (first << 16) | (second << 8) | third
