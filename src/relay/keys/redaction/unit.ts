/** What goes as a whole, or stays. */
export interface Region {
  from: number
  to: number
  /** The numbers of a list, between which there may be quotes. */
  isList: boolean
}

/** The bytes that are there by now. */
export interface Bytes {
  bytes: Buffer
  end: number
  /** No more will come. */
  isWhole: boolean
}

/** Parts a text, and says which of its parts hold a value. */
export interface Scanner {
  /** Goes on to the end of what is there. */
  scan(bytes: Bytes): void
  /** From here on it is not known yet what goes. */
  readonly undecided: number
  /** What goes, in no order; whoever has taken note of them empties it. */
  regions: Region[]
  /** So many bytes at the beginning were given out. */
  shift(by: number): void
}

/** Longer units are searched piece by piece. */
const pieceLength = 32_768
/** In every form that programs write, a window is shorter than this: it stands as a whole in one piece. */
const overlap = 4_096

/** From its first byte to its last, which may not be there yet: decided once and as a whole. */
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

  /** Where the pieces begin depends on where the unit begins, and not on how the bytes came. */
  grow(bytes: Uint8Array, to: number): void {
    this.to = to
    while (this.to - this.#searched >= pieceLength) {
      this.#search(bytes, this.#searched + pieceLength)
      this.#searched += pieceLength - overlap
    }
  }

  /** @returns whether it holds a value. */
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

/** Those at the end of a unit escape the quote behind it: were they taken, JSON would be none any more. */
export function beforeBackslashes(bytes: Buffer, to: number): number {
  while (bytes[to - 1] === 0x5c) to--
  return to
}
