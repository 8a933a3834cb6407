import { classes, ESCAPE } from './characters.ts'
import { base64, hasNumbers, hex, readEncoded, readNumbers, type Look } from './encodings.ts'
import { PatternTable } from './pattern-table.ts'
import { PrefixTable, minLengthWith } from './prefix-table.ts'
import { all, Unescaper, type Reading } from './unescape.ts'

/** The traces that identify a value. */
export interface Traces {
  /** A public beginning after which a value follows, or ''. */
  prefix: string
  /** Folded texts that only the value contains. */
  windows: readonly string[]
  /** Whether a part of the value may look like an escape, so that nested decoding would change the value. */
  looksEscaped: boolean
}

/**
 * Says whether bytes contain a value, as they are or after decoding. It answers only yes or no, not where, so that its
 * work reveals nothing else.
 */
export class Matcher {
  readonly #prefixes = new PrefixTable()
  readonly #windows = new PatternTable(16)
  /** For values that are shorter than a window. */
  readonly #shortWindows = new PatternTable(8)
  /** The number of values with a trace of so many bytes. */
  readonly #lengths = new Map<number, number>()
  #shortest = Infinity
  /** The number of values that may look like an escape, which is rare. */
  #escapedLooks = 0
  readonly #unescaper = new Unescaper()
  readonly #scratch: Uint8Array[] = []
  /** Looks at decoded text, for each depth. */
  readonly #looks = Array.from(
    { length: deepest },
    (_, depth): Look =>
      (decoded, from, to) =>
        this.#look(decoded, from, to, depth + 1),
  )
  /** The bytes that may still be searched, including decoded ones. */
  #budget = 0
  /** Whether a public beginning counts. */
  #seesPrefixes = true

  get isEmpty(): boolean {
    return this.#lengths.size === 0
  }

  /** No trace has fewer bytes. */
  get shortest(): number {
    return this.#shortest
  }

  add({ prefix, windows, looksEscaped }: Traces): void {
    if (looksEscaped) this.#escapedLooks++
    if (prefix) this.#prefixes.add(prefix)
    for (const window of windows) this.#tableOf(window).add(window)
    this.#count(lengthsOf(prefix, windows), 1)
  }

  remove({ prefix, windows, looksEscaped }: Traces): void {
    if (looksEscaped) this.#escapedLooks--
    if (prefix) this.#prefixes.remove(prefix)
    for (const window of windows) this.#tableOf(window).remove(window)
    this.#count(lengthsOf(prefix, windows), -1)
  }

  holdsValue(bytes: Uint8Array, from: number, to: number): boolean {
    this.#budget = (to - from) * maxWork + 4_096
    return this.#look(bytes, from, to, 0)
  }

  /** The same for a list of numbers, with any separator. */
  holdsValueInNumbers(bytes: Uint8Array, from: number, to: number): boolean {
    this.#budget = (to - from) * maxWork + 4_096
    const list = withoutZeros(bytes, from, to)
    return readNumbers(list, 0, list.length, this.#scratchFor(0, 3 * list.length), this.#shortest, this.#looks[0]!)
  }

  /** The same, without public beginnings. */
  holdsWindowInNumbers(bytes: Uint8Array, from: number, to: number): boolean {
    this.#seesPrefixes = false
    const isFound = this.holdsValueInNumbers(bytes, from, to)
    this.#seesPrefixes = true
    return isFound
  }

  #look(bytes: Uint8Array, from: number, to: number, depth: number): boolean {
    if (to - from < this.#shortest) return false
    if (this.#isThere(bytes, from, to, depth)) return true
    if (!hasEscape(bytes, from, to)) return false
    const unescaper = this.#unescaper
    const target = this.#scratchFor(2 * depth + 1, to - from)
    const length = unescaper.read(bytes, from, to, target, all)
    // For this reading only: the search reads more.
    const { hasBreaks, hasOctals, hasInvisibles, hasNested, isMixed } = unescaper
    const isThereAs = (reading: Reading) =>
      this.#isThere(target, 0, unescaper.read(bytes, from, to, target, reading), depth)
    return (
      this.#isThere(target, 0, length, depth) ||
      (hasBreaks && isThereAs({ ...all, keepsBreaks: false })) ||
      (hasOctals && isThereAs({ ...all, keepsBreaks: false, isOctal: true })) ||
      (hasInvisibles && isThereAs({ ...all, keepsBreaks: false, escapes: 'none' })) ||
      (this.#escapedLooks > 0 &&
        ((isMixed && isThereAs({ ...all, keepsBreaks: false, escapes: 'percent' })) ||
          (hasNested && isThereAs({ ...all, keepsBreaks: false, isNested: false })) ||
          (isMixed && hasNested && isThereAs({ ...all, keepsBreaks: false, escapes: 'percent', isNested: false }))))
    )
  }

  #isThere(bytes: Uint8Array, from: number, to: number, depth: number): boolean {
    if (to - from < this.#shortest) return false
    // Text that needs more work than any useful text counts as a secret.
    this.#budget -= to - from
    if (this.#budget < 0) return true
    if (
      (this.#seesPrefixes && this.#prefixes.isIn(bytes, from, to)) ||
      this.#windows.isIn(bytes, from, to) ||
      this.#shortWindows.isIn(bytes, from, to)
    )
      return true
    if (depth === deepest) return false
    const target = this.#scratchFor(2 * depth, 3 * (to - from))
    const look = this.#looks[depth]!
    const enough = this.#shortest
    return (
      readEncoded(hex, bytes, from, to, target, enough, look) ||
      readEncoded(base64, bytes, from, to, target, enough, look) ||
      (hasNumbers(bytes, from, to, enough) && readNumbers(bytes, from, to, target, enough, look))
    )
  }

  #scratchFor(at: number, length: number): Uint8Array {
    const scratch = this.#scratch[at]
    if (scratch && scratch.length >= length) return scratch
    return (this.#scratch[at] = new Uint8Array(Math.max(1_024, length)))
  }

  #tableOf(window: string): PatternTable {
    return window.length < 16 ? this.#shortWindows : this.#windows
  }

  #count(lengths: readonly number[], by: number): void {
    for (const length of lengths) {
      const count = (this.#lengths.get(length) ?? 0) + by
      if (count > 0) this.#lengths.set(length, count)
      else this.#lengths.delete(length)
    }
    this.#shortest = Math.min(...this.#lengths.keys())
  }
}

/** Encodings within encodings: base64 in base64 is 2. Escapes add no depth. */
const deepest = 3
/** The worst natural input takes a third of it. */
const maxWork = 24

function lengthsOf(prefix: string, windows: readonly string[]): number[] {
  return [...(prefix ? [minLengthWith(prefix)] : []), ...windows.map(({ length }) => length)]
}

/** From UTF-16, where they would separate the digits. */
function withoutZeros(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const list = bytes.subarray(from, to)
  return list.includes(0) ? list.filter((byte) => byte !== 0) : list
}

function hasEscape(bytes: Uint8Array, from: number, to: number): boolean {
  let bits = 0
  for (let at = from; at < to; at++) bits |= classes[bytes[at]!]!
  return (bits & ESCAPE) !== 0
}
