import { ClientSecretError } from '../../protocol/errors.ts'
import { placeholder } from '../../protocol/placeholder.ts'
import { behindLastNumber, nextDigit } from './encodings.ts'
import type { RedactorStream } from './redactor.ts'
import type { Region, Scanner } from './unit.ts'

/** Given out, and still there to look back at. */
const lookBehind = 64
const smallestBuffer = 1_024

/** Gives out a text without what its scanners say goes; each byte of it is looked at once, however it comes. */
export class RedactingStream implements RedactorStream {
  readonly #scanners: readonly Scanner[]
  readonly #maxHeld: number
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  /** All before this was given out. */
  #given = 0
  #regions: Region[] = []

  constructor(scanners: readonly Scanner[], maxHeld: number) {
    this.#scanners = scanners
    this.#maxHeld = maxHeld
  }

  /** In place of `push` and `end`: a body that is there as a whole is not copied, unless something of it goes. */
  *whole(body: Buffer, step: number): Generator<void, Buffer> {
    this.#bytes = body
    for (this.#end = Math.min(step, body.length); this.#end < body.length;) {
      this.#scan(false)
      yield
      this.#end = Math.min(this.#end + step, body.length)
    }
    this.#scan(true)
    return this.#regions.length === 0 ? body : this.#giveOut(this.#end)
  }

  push(chunk: Buffer): Buffer {
    this.#append(chunk)
    const certain = this.#giveOut(this.#scan(false))
    if (this.#end - this.#given > this.#maxHeld) {
      throw new ClientSecretError(
        'UPSTREAM_ERROR',
        `The API sent more than ${this.#maxHeld} bytes without a blank, a quote or a comma, which cannot be looked through for secrets as they come. Let it answer in smaller parts.`,
      )
    }
    return certain
  }

  end(): Buffer {
    return this.#giveOut(this.#scan(true))
  }

  #append(chunk: Buffer): void {
    const free = Math.max(0, this.#given - lookBehind)
    const needed = this.#end - free + chunk.length
    if (this.#end + chunk.length > this.#bytes.length) {
      // At least twice what is held, so that moving it is seldom.
      const bytes =
        needed * 2 > this.#bytes.length ? Buffer.allocUnsafe(Math.max(smallestBuffer, needed * 2)) : this.#bytes
      this.#bytes.copy(bytes, 0, free, this.#end)
      this.#bytes = bytes
      this.#shift(free)
    }
    chunk.copy(this.#bytes, this.#end)
    this.#end += chunk.length
  }

  #shift(by: number): void {
    this.#end -= by
    this.#given -= by
    for (const scanner of this.#scanners) scanner.shift(by)
    for (const region of this.#regions) {
      region.from -= by
      region.to -= by
    }
  }

  /** @returns up to where it is certain what goes. */
  #scan(isWhole: boolean): number {
    const scanned = { bytes: this.#bytes, end: this.#end, isWhole }
    let certain = this.#end
    for (const scanner of this.#scanners) {
      scanner.scan(scanned)
      certain = Math.min(certain, scanner.undecided)
      if (scanner.regions.length > 0) this.#regions.push(...scanner.regions.splice(0))
    }
    return certain
  }

  #giveOut(certain: number): Buffer {
    if (this.#regions.length === 0) return this.#giveUntil(certain)
    const regions = merged(this.#bytes, this.#regions)
    const parts: Buffer[] = []
    let done = 0
    for (const region of regions) {
      // One that begins in another which is not decided yet.
      if (region.to > certain) {
        certain = Math.min(certain, region.from)
        break
      }
      parts.push(this.#giveUntil(region.from), this.#replacementOf(region))
      this.#given = region.to
      done++
    }
    this.#regions = regions.slice(done)
    parts.push(this.#giveUntil(certain))
    return Buffer.concat(parts)
  }

  #giveUntil(to: number): Buffer {
    const given = Buffer.from(this.#bytes.subarray(this.#given, to))
    this.#given = Math.max(this.#given, to)
    return given
  }

  /** JSON stays JSON: a list in it becomes a list of one text, and an object of numbers an object with one member. */
  #replacementOf({ from, to, isList }: Region): Buffer {
    if (!isList) return Buffer.from(placeholder)
    const bytes = this.#bytes
    const list = bytes.toString('latin1', from, to)
    const hasOddQuotes = (list.match(/"/g)?.length ?? 0) % 2 === 1
    const [behindLastQuote] = (hasOddQuotes && /\\*"[^"\d]*(?=\d+$)/.exec(list.slice(-lookBehind))) || []
    if (behindLastQuote !== undefined) return Buffer.from(`${placeholder}${behindLastQuote}0`)
    const before = bytes.toString('latin1', Math.max(0, from - lookBehind), from)
    const behind = bytes.toString('latin1', to, Math.min(to + lookBehind, this.#end))
    const [, backslashes] = /(?:^|[^\\])(\\*)"\s*:\s*\[\s*$/.exec(before) ?? []
    const quote = backslashes !== undefined && /^\s*\]/.test(behind) ? `${backslashes}"` : ''
    return Buffer.from(`${quote}${placeholder}${quote}`)
  }
}

/** In order, and those that touch the same bytes as one. */
function merged(bytes: Buffer, regions: Region[]): Region[] {
  const words = regions.filter(({ isList }) => !isList)
  const lists = regions.filter(({ isList }) => isList).flatMap((list) => withoutWords(bytes, list, words))
  const result: Region[] = []
  for (const region of [...words, ...lists].sort((one, other) => one.from - other.from || other.to - one.to)) {
    const last = result.at(-1)
    if (last && region.from < last.to) last.to = Math.max(last.to, region.to)
    else result.push(region)
  }
  return result
}

/**
 * Whether the word beside a list counts as one of its numbers depends on what
 * stands in it. That must not be seen where it goes anyway: it goes by itself.
 */
function withoutWords(bytes: Buffer, { from, to, isList }: Region, words: readonly Region[]): Region[] {
  for (const word of words) {
    const isFirst = word.from <= from && word.to > from
    const isLast = word.to >= to && word.from < to
    if (isFirst && isLast) return []
    if (isFirst) from = nextDigit(bytes, word.to)
    if (isLast) to = behindLastNumber(bytes, word.from)
  }
  return from < to ? [{ from, to, isList }] : []
}
