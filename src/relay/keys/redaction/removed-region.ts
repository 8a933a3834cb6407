/** A part of a text that is removed as a whole, or stays. */
export interface Region {
  from: number
  to: number
  /** The numbers of a list, with possible quotes between them. */
  isList: boolean
}

/** The bytes that have arrived. */
export interface Bytes {
  bytes: Buffer
  end: number
  /** There are no more bytes. */
  isWhole: boolean
}

/** Divides a text into units, and says which of them contain a value. */
export interface Scanner {
  /** Scans to the end of the bytes that have arrived. */
  scan(bytes: Bytes): void
  /** From this position on, the regions are not known yet. */
  readonly undecided: number
  /** The regions to remove, in no order. The reader empties it. */
  regions: Region[]
  /** So many bytes at the beginning were returned and dropped. */
  shift(by: number): void
}

/** Longer units are searched in pieces. */
const pieceLength = 32_768
/** A window is shorter in every usual encoding, so that one piece contains the whole window. */
const overlap = 4_096

/** A unit from its first byte to its last, which may not have arrived: it is decided once, as a whole. */
export class Unit {
  from = 0
  to = 0
  isOpen = false
  #searched = 0
  #isFound = false
  readonly #holdsValue: (bytes: Uint8Array, from: number, to: number) => boolean

  constructor(holdsValue: (bytes: Uint8Array, from: number, to: number) => boolean) {
    this.#holdsValue = holdsValue
  }

  open(from: number): void {
    this.from = this.to = this.#searched = from
    this.isOpen = true
    this.#isFound = false
  }

  /** The pieces depend on the beginning of the unit, not on the chunks in which it arrives. */
  grow(bytes: Uint8Array, to: number): void {
    this.to = to
    while (this.to - this.#searched >= pieceLength) {
      this.#search(bytes, this.#searched + pieceLength)
      this.#searched += pieceLength - overlap
    }
  }

  /** @returns Whether it contains a value. */
  close(bytes: Uint8Array): boolean {
    this.#search(bytes, this.to)
    this.isOpen = false
    return this.#isFound
  }

  shift(by: number): void {
    this.from -= by
    this.to -= by
    this.#searched -= by
  }

  #search(bytes: Uint8Array, to: number): void {
    this.#isFound ||= this.#holdsValue(bytes, this.#searched, to)
  }
}

/** Backslashes at the end of a unit escape the quote after it. Without them, the JSON would be invalid. */
export function beforeBackslashes(bytes: Buffer, to: number): number {
  while (bytes[to - 1] === 0x5c) to--
  return to
}
