import { BASE64, classes, lowerCase, VALUE } from './characters.ts'

/**
 * The public beginnings of values. One of them with something behind it is taken
 * for a secret whatever that is: right or wrong, whole or cut off, ours or
 * somebody else's. So that tells nothing of the value, and hides all of it.
 */
export class PrefixTable {
  readonly #counts = new Map<string, number>()
  /** By their first characters: those that are searched for everywhere, and those only where a word begins. */
  readonly #anywhere = new Grams(4)
  readonly #atBeginnings = new Grams(3)

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  add(prefix: string): void {
    const text = prefix.toLowerCase()
    const count = this.#counts.get(text) ?? 0
    this.#counts.set(text, count + 1)
    if (count === 0) this.#gramsOf(text).add(text)
  }

  remove(prefix: string): void {
    const text = prefix.toLowerCase()
    const count = this.#counts.get(text) ?? 0
    if (count > 1) this.#counts.set(text, count - 1)
    else if (this.#counts.delete(text)) this.#gramsOf(text).remove(text)
  }

  isIn(bytes: Uint8Array, from: number, to: number): boolean {
    if (this.isEmpty) return false
    return (
      this.#anywhere.find(bytes, from, to, (prefix, at) => isPrefix(prefix, bytes, at, to, 1)) ||
      this.#atBeginnings.find(
        bytes,
        from,
        to,
        (prefix, at) => (at === from || !isInBase64(bytes[at - 1]!)) && isPrefix(prefix, bytes, at, to, enoughBehind),
      )
    )
  }

  #gramsOf(prefix: string): Grams {
    return isTelling(prefix) ? this.#anywhere : this.#atBeginnings
  }
}

/** The fewest bytes that a value with this public beginning is known by. */
export function shortestWith(prefix: string): number {
  return prefix.length + (isTelling(prefix) ? 1 : enoughBehind)
}

/** Behind a beginning that might be one of something else. */
const enoughBehind = 8

/** Nothing else begins like this. Only letters and digits are met by chance in base64. */
export function isTelling(prefix: string): boolean {
  const { length } = prefix.replace(/[^a-z0-9]/gi, '')
  return length >= 10 || (length >= 5 && length < prefix.length)
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

/** Texts by their first few characters. */
class Grams {
  readonly #length: number
  readonly #mask: number
  readonly #texts = new Map<number, string[]>()
  /** 1 where a text may begin; one that was removed leaves its mark, which costs time only. */
  readonly #filter = new Uint8Array(4_096)

  constructor(length: 3 | 4) {
    this.#length = length
    this.#mask = length === 4 ? -1 : 0xffffff
  }

  add(text: string): void {
    const gram = this.#gramOf(text)
    this.#texts.set(gram, [...(this.#texts.get(gram) ?? []), text])
    this.#filter[slot(gram)] = 1
  }

  remove(text: string): void {
    const gram = this.#gramOf(text)
    const left = (this.#texts.get(gram) ?? []).filter((one) => one !== text)
    if (left.length > 0) this.#texts.set(gram, left)
    else this.#texts.delete(gram)
  }

  find(bytes: Uint8Array, from: number, to: number, isIt: (text: string, at: number) => boolean): boolean {
    if (this.#texts.size === 0) return false
    const filter = this.#filter
    const mask = this.#mask
    let gram = 0
    for (let at = from; at < to; at++) {
      gram = ((gram << 8) | lowerCase[bytes[at]!]!) & mask
      if (filter[slot(gram)] === 0) continue
      const begin = at + 1 - this.#length
      if (begin < from) continue
      for (const text of this.#texts.get(gram) ?? []) if (isIt(text, begin)) return true
    }
    return false
  }

  #gramOf(text: string): number {
    let gram = 0
    for (let at = 0; at < this.#length; at++) gram = ((gram << 8) | text.charCodeAt(at)) & this.#mask
    return gram
  }
}

const slot = (gram: number) => Math.imul(gram, 0x9e3779b1) >>> 20
