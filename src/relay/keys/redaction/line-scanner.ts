import { classes, LINE } from './characters.ts'
import type { Matcher } from './matcher.ts'
import { beforeBackslashes, Unit, type Bytes, type Region, type Scanner } from './removed-region.ts'

/** Finds lines, for values with blanks. A line ends at quotes and control characters. */
export class LineScanner implements Scanner {
  regions: Region[] = []
  readonly #matcher: Matcher
  readonly #line: Unit
  #position = 0

  constructor(matcher: Matcher) {
    this.#matcher = matcher
    this.#line = new Unit((bytes, from, to) => matcher.holdsValue(bytes, from, to))
  }

  get undecided(): number {
    return this.#line.isOpen ? this.#line.from : this.#position
  }

  scan({ bytes, end, isWhole }: Bytes): void {
    const line = this.#line
    if (this.#matcher.isEmpty) {
      line.isOpen = false
      this.#position = end
    }
    for (let at = this.#position; at < end; at++) {
      const isInLine = (classes[bytes[at]!]! & LINE) !== 0
      if (isInLine && !line.isOpen) line.open(at)
      else if (!isInLine && line.isOpen) this.#close(bytes, at)
    }
    this.#position = end
    if (line.isOpen) line.grow(bytes, end)
    if (line.isOpen && isWhole) this.#close(bytes, end)
  }

  shift(by: number): void {
    this.#position -= by
    this.#line.shift(by)
  }

  #close(bytes: Buffer, at: number): void {
    this.#line.grow(bytes, at)
    if (!this.#line.close(bytes)) return
    this.regions.push({ from: this.#line.from, to: beforeBackslashes(bytes, at), isList: false })
  }
}
