import { folded } from './characters.ts'

/**
 * Searches for many texts at once (Rabin-Karp), each of at least `probe` characters. A rolling hash covers `probe`
 * bytes, a bit filter excludes almost all positions, and the rest is compared in full. So the time depends on the number
 * of bytes, not on the number of texts.
 *
 * The hash is random for each process and covers too many characters to guess an input that passes the filter.
 */
export class PatternTable {
  readonly #probe: number
  readonly #leaving: Int32Array
  /** The number of additions of each text. */
  readonly #counts = new Map<string, number>()
  /** By hash: bit n is set if a text of `probe` + n characters has this beginning. */
  readonly #lengths = new Map<number, number>()
  #filter = new Uint32Array(smallestFilter / 32)
  #removed = 0

  constructor(probe: number) {
    this.#probe = probe
    this.#leaving = arriving.map((bits) => rotated(bits, probe))
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  /** @param text Folded, and at most 30 characters longer than the probe. */
  add(text: string): void {
    const count = this.#counts.get(text) ?? 0
    this.#counts.set(text, count + 1)
    if (count > 0) return
    this.#enter(text)
    if (this.#lengths.size * bitsEach > this.#filter.length * 32) this.#grow()
  }

  remove(text: string): void {
    const count = this.#counts.get(text) ?? 0
    if (count > 1) this.#counts.set(text, count - 1)
    else if (this.#counts.delete(text)) this.#removed++
    // Its hash stays in the filter, which costs only a little time.
    if (this.#removed > this.#counts.size) this.#rebuild()
  }

  isIn(bytes: Uint8Array, from: number, to: number): boolean {
    const probe = this.#probe
    if (to - from < probe || this.isEmpty) return false
    const filter = this.#filter
    const leaving = this.#leaving
    const mask = filter.length * 32 - 1
    let hash = 0
    let at = from
    while (at < from + probe) hash = rotated(hash, 1) ^ arriving[bytes[at++]!]!
    for (;;) {
      if (isSet(filter, hash & mask) && this.#begins(hash, bytes, at - probe, to)) return true
      if (at === to) return false
      hash = rotated(hash, 1) ^ arriving[bytes[at]!]! ^ leaving[bytes[at - probe]!]!
      at++
    }
  }

  #begins(hash: number, bytes: Uint8Array, from: number, to: number): boolean {
    const filter = this.#filter
    if (!isSet(filter, otherBit(hash) & (filter.length * 32 - 1))) return false
    const lengths = this.#lengths.get(hash) ?? 0
    for (let more = 0; lengths >>> more; more++) {
      const end = from + this.#probe + more
      if ((lengths >>> more) & 1 && end <= to && this.#counts.has(foldedText(bytes, from, end))) return true
    }
    return false
  }

  #enter(text: string): void {
    let hash = 0
    for (let at = 0; at < this.#probe; at++) hash = rotated(hash, 1) ^ arriving[text.charCodeAt(at)]!
    this.#lengths.set(hash, (this.#lengths.get(hash) ?? 0) | (1 << (text.length - this.#probe)))
    this.#mark(hash)
  }

  #mark(hash: number): void {
    const mask = this.#filter.length * 32 - 1
    for (const bit of [hash & mask, otherBit(hash) & mask]) this.#filter[bit >>> 5]! |= 1 << (bit & 31)
  }

  /** Grows to twice the need, so that it rarely grows. */
  #grow(): void {
    this.#filter = new Uint32Array(this.#filter.length * 4)
    for (const hash of this.#lengths.keys()) this.#mark(hash)
  }

  #rebuild(): void {
    this.#filter = new Uint32Array(this.#filter.length)
    this.#lengths.clear()
    this.#removed = 0
    for (const text of this.#counts.keys()) this.#enter(text)
  }
}

const smallestFilter = 8_192
const bitsEach = 64

const isSet = (filter: Uint32Array, bit: number) => ((filter[bit >>> 5]! >>> (bit & 31)) & 1) !== 0
/** Two bits for each hash exclude almost everything; the second is rarely read. */
const otherBit = (hash: number) => Math.imul(hash, 0x9e3779b1) >>> 7

const rotated = (bits: number, by: number): number => (bits << by) | (bits >>> (32 - by))

/** The part of each byte in the hash; the same for bytes that fold to the same character. */
// Web Crypto, because the stories of the key page load this file in a browser.
const random = crypto.getRandomValues(new Int32Array(256))
const arriving = Int32Array.from(folded, (byte) => random[byte]!)

function foldedText(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at++) text += String.fromCharCode(folded[bytes[at]!]!)
  return text
}
