import { ClientSecretError } from '../../../protocol/errors.ts'
import { placeholder } from '../../../protocol/placeholder.ts'
import { behindLastNumber, nextDigit } from './encodings.ts'
import type { RedactorStream } from './redactor.ts'
import type { Region, Scanner } from './removed-region.ts'

/** Bytes that the stream keeps after it has returned them, for the scanners to look back at. */
const lookBehind = 64
const smallestBuffer = 1_024
/** Regions of a long line to return in one step. */
const partsInAStep = 10_000

/** Returns a text without the regions that its scanners find. It reads each byte once, for any size of chunk. */
export class RedactingStream implements RedactorStream {
  readonly #scanners: readonly Scanner[]
  readonly #maxHeld: number
  #bytes: Buffer = Buffer.alloc(0)
  #end = 0
  /** The stream has returned all bytes before this position. */
  #given = 0
  #regions: Region[] = []

  constructor(scanners: readonly Scanner[], maxHeld: number) {
    this.#scanners = scanners
    this.#maxHeld = maxHeld
  }

  /** Instead of `push` and `end`, for a complete body. It copies the body only if it removes something. */
  *whole(body: Buffer, step: number): Generator<void, Buffer> {
    this.#bytes = body
    const parts: Buffer[] = []
    for (this.#end = Math.min(step, body.length); this.#end < body.length;) {
      const certain = this.#scan(false)
      if (this.#regions.length > 0) parts.push(...this.#giveOut(certain))
      yield
      this.#end = Math.min(this.#end + step, body.length)
    }
    this.#scan(true)
    if (this.#regions.length === 0 && parts.length === 0) return body
    for (const part of this.#giveOut(this.#end)) if (parts.push(part) % partsInAStep === 0) yield
    return Buffer.concat(parts)
  }

  push(chunk: Buffer): Buffer {
    this.#append(chunk)
    const certain = Buffer.concat([...this.#giveOut(this.#scan(false))])
    if (this.#end - this.#given > this.#maxHeld) {
      throw new ClientSecretError(
        'UPSTREAM_ERROR',
        `The API sent more than ${this.#maxHeld} bytes without a blank, a quote or a comma, so the relay cannot search the answer for secrets as it arrives. Ask the API for smaller parts.`,
      )
    }
    return certain
  }

  get held(): number {
    return this.#end - this.#given
  }

  end(): Buffer {
    return Buffer.concat([...this.#giveOut(this.#scan(true))])
  }

  #append(chunk: Buffer): void {
    const free = Math.max(0, this.#given - lookBehind)
    const needed = this.#end - free + chunk.length
    if (this.#end + chunk.length > this.#bytes.length) {
      // At least twice the held bytes, so that it rarely moves them.
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

  /** @returns The position up to which all regions are known. */
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

  *#giveOut(certain: number): Generator<Buffer> {
    // Without this, the regions of an undecided long line would be sorted again at each step.
    if (certain <= this.#given) return
    const regions = merged(this.#bytes, this.#regions)
    let done = 0
    for (const region of regions) {
      // It begins in a region that is not decided yet.
      if (region.to > certain) {
        certain = Math.min(certain, region.from)
        break
      }
      yield this.#giveUntil(region.from)
      yield this.#replacementOf(region)
      this.#given = region.to
      done++
    }
    this.#regions = regions.slice(done)
    yield this.#giveUntil(certain)
  }

  #giveUntil(to: number): Buffer {
    const given = Buffer.from(this.#bytes.subarray(this.#given, to))
    this.#given = Math.max(this.#given, to)
    return given
  }

  /** Keeps JSON valid: a list becomes a list of one text, and an object of numbers an object with one member. */
  #replacementOf({ from, to, isList }: Region): Buffer {
    if (!isList) return Buffer.from(placeholder)
    const bytes = this.#bytes
    const end = bytes.toString('latin1', Math.max(from, to - lookBehind), to)
    const [behindLastQuote] = (hasOddQuotes(bytes, from, to) && /\\*"[^"\d]*(?=\d+$)/.exec(end)) || []
    if (behindLastQuote !== undefined) return Buffer.from(`${placeholder}${behindLastQuote}0`)
    const before = bytes.toString('latin1', Math.max(0, from - lookBehind), from)
    const behind = bytes.toString('latin1', to, Math.min(to + lookBehind, this.#end))
    const [, backslashes] = /(?:^|[^\\])(\\*)"\s*:\s*\[\s*$/.exec(before) ?? []
    const quote = backslashes !== undefined && /^\s*\]/.test(behind) ? `${backslashes}"` : ''
    return Buffer.from(`${quote}${placeholder}${quote}`)
  }
}

function hasOddQuotes(bytes: Buffer, from: number, to: number): boolean {
  let isOdd = false
  for (let at = from; at < to; at++) if (bytes[at] === 0x22) isOdd = !isOdd
  return isOdd
}

/** The regions in order; overlapping ones become one. */
function merged(bytes: Buffer, regions: Region[]): Region[] {
  const words = joined(regions.filter(({ isList }) => !isList))
  // Two lists may share the word between them, so they are not merged yet.
  const lists = withoutWords(bytes, regions.filter(({ isList }) => isList).sort(inOrder), words)
  return lists.length === 0 ? words : joined([...words, ...lists])
}

const inOrder = (one: Region, other: Region) => one.from - other.from || other.to - one.to

function joined(regions: Region[]): Region[] {
  const result: Region[] = []
  for (const region of regions.sort(inOrder)) {
    const last = result.at(-1)
    if (last && region.from < last.to) last.to = Math.max(last.to, region.to)
    else result.push(region)
  }
  return result
}

/**
 * Takes removed words out of the lists beside them. Whether a list includes the word beside it depends on the content
 * of the list, and the output must not show that.
 *
 * @param lists In order, like `words`.
 */
function withoutWords(bytes: Buffer, lists: Region[], words: readonly Region[]): Region[] {
  let next = 0
  return lists.flatMap((list) => {
    let { from, to } = list
    while (next < words.length && words[next]!.to <= from) next++
    for (let at = next; at < words.length && words[at]!.from < to; at++) {
      const word = words[at]!
      const isFirst = word.from <= from && word.to > from
      const isLast = word.to >= to
      if (isFirst && isLast) return []
      if (isFirst) from = nextDigit(bytes, word.to)
      if (isLast) to = behindLastNumber(bytes, word.from)
    }
    return from < to ? [{ ...list, from, to }] : []
  })
}
