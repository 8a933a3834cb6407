import { BASE64, classes, lowerCase, VALUE } from './characters.ts'

/**
 * The public beginnings of values. One of them with something behind it is taken
 * for a secret whatever that is: right or wrong, whole or cut off, ours or
 * somebody else's. So that tells nothing of the value, and hides all of it.
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

/** The fewest characters of a prefix. */
export const shortestPrefix = 3

/** The fewest bytes by which a value with this prefix is known. */
export function shortestWith(prefix: string): number {
  return prefix.length + (isTelling(prefix) ? 1 : enoughBehind)
}

/** Nothing else begins like this. Only letters and digits are met by chance in base64. */
export function isTelling(prefix: string): boolean {
  const { length } = prefix.replace(/[^a-z0-9]/gi, '')
  return length >= 10 || (length >= 5 && length < prefix.length)
}

/** Behind a prefix that may begin something else; and it counts only where a word begins. */
const enoughBehind = 8

/**
 * Searched for as Wu and Manber do: two characters say how far the next place is
 * at which a prefix may end. As they are public, the time may tell of them.
 */
class Prefixes {
  readonly #behind: number
  /** By the last two of the characters that all of them have. */
  readonly #texts = new Map<number, string[]>()
  #size = 0
  /** So many characters all of them have. */
  #common = 0
  readonly #steps = new Uint8Array(4_096)
  #isUpToDate = true

  /** @param behind How many bytes of a value have to follow. Where more than one has to, the word has to begin there too. */
  constructor(behind: number) {
    this.#behind = behind
  }

  readonly #all = new Set<string>()

  add(text: string): void {
    this.#all.add(text)
    this.#isUpToDate = false
  }

  remove(text: string): void {
    this.#all.delete(text)
    this.#isUpToDate = false
  }

  isIn(bytes: Uint8Array, from: number, to: number): boolean {
    if (!this.#isUpToDate) this.#build()
    if (this.#size === 0) return false
    const steps = this.#steps
    const common = this.#common
    for (let at = from + common - 1; at < to;) {
      const pair = (lowerCase[bytes[at - 1]!]! << 8) | lowerCase[bytes[at]!]!
      const step = steps[slot(pair)]!
      if (step === 0 && this.#beginsAt(pair, bytes, at + 1 - common, from, to)) return true
      at += Math.max(1, step)
    }
    return false
  }

  #beginsAt(pair: number, bytes: Uint8Array, at: number, from: number, to: number): boolean {
    if (this.#behind > 1 && at > from && isInBase64(bytes[at - 1]!)) return false
    for (const text of this.#texts.get(pair) ?? []) if (isPrefix(text, bytes, at, to, this.#behind)) return true
    return false
  }

  #build(): void {
    this.#isUpToDate = true
    this.#texts.clear()
    this.#size = this.#all.size
    this.#common = Math.min(255, ...[...this.#all].map(({ length }) => length))
    this.#steps.fill(this.#common - 1)
    for (const text of this.#all) {
      for (let at = 1; at < this.#common; at++) {
        const place = slot(pairAt(text, at))
        this.#steps[place] = Math.min(this.#steps[place]!, this.#common - 1 - at)
      }
      const pair = pairAt(text, this.#common - 1)
      this.#texts.set(pair, [...(this.#texts.get(pair) ?? []), text])
    }
  }
}

function isPrefix(prefix: string, bytes: Uint8Array, from: number, to: number, behind: number): boolean {
  const end = from + prefix.length
  if (end + behind > to) return false
  for (let at = 0; at < prefix.length; at++) if (lowerCase[bytes[from + at]!] !== prefix.charCodeAt(at)) return false
  for (let at = end; at < end + behind; at++) if (!(classes[bytes[at]!]! & VALUE)) return false
  return true
}

/** Behind such a one no word begins: in base64 any letters follow each other. */
const isInBase64 = (byte: number) => (classes[byte]! & BASE64) !== 0

const pairAt = (text: string, at: number) => (text.charCodeAt(at - 1) << 8) | text.charCodeAt(at)
const slot = (pair: number) => Math.imul(pair, 0x9e3779b1) >>> 20
