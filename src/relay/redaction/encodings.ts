import { ALPHANUMERIC, BASE64, classes, HEX, hexDigits, sixBits, TEXT } from './characters.ts'

/** Where what was decoded is written to, and what is made of it. True ends the search. */
export type Look = (decoded: Uint8Array, length: number) => boolean

/** Stands between numbers that do not follow each other; it is in no value. */
const gap = 0x22

/**
 * Every run of hexadecimal digits, read from its first and from its second digit,
 * where so many characters of text in a row come of it.
 */
export function readHex(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  enough: number,
  look: Look,
): boolean {
  return someRun(bytes, from, to, HEX, 2 * enough, (start, end) => {
    for (const odd of [0, 1]) {
      let length = 0
      let inARow = 0
      let longest = 0
      for (let at = start + odd; at + 1 < end; at += 2) {
        const byte = (hexDigits[bytes[at]!]! << 4) | hexDigits[bytes[at + 1]!]!
        target[length++] = byte
        inARow = classes[byte]! & TEXT ? inARow + 1 : 0
        if (inARow > longest) longest = inARow
      }
      if (longest >= enough && look(target, length)) return true
    }
    return false
  })
}

/**
 * Every piece of base64 of which so much text in a row comes, in either alphabet,
 * wherever in a four of characters it begins.
 */
export function readBase64(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  enough: number,
  look: Look,
): boolean {
  // Of the first and the last three bytes of a value only a part may be a group of its own.
  const groups = Math.max(2, Math.floor((enough - 2) / 3))
  return someRun(bytes, from, to, BASE64, 4 * groups, (start, end) => readRun(bytes, start, end, target, groups, look))
}

/** Runs of one class, of so many bytes at least: looked for from where the next would end, as most end before. */
function someRun(
  bytes: Uint8Array,
  from: number,
  to: number,
  kind: number,
  shortest: number,
  check: (start: number, end: number) => boolean,
): boolean {
  let start = from
  while (start + shortest <= to) {
    let at = start + shortest - 1
    while (at >= start && classes[bytes[at]!]! & kind) at--
    if (at >= start) {
      start = at + 1
      continue
    }
    let end = start + shortest
    while (end < to && classes[bytes[end]!]! & kind) end++
    if (check(start, end)) return true
    start = end + 1
  }
  return false
}

/** One run of base64, of which every character ends a group of four. */
function readRun(bytes: Uint8Array, from: number, to: number, target: Uint8Array, groups: number, look: Look): boolean {
  // How many groups of text came in a row, for each place of a four.
  const inARow = new Int32Array(4)
  let group = 0
  for (let at = from; at < to; at++) {
    group = ((group << 6) | sixBits[bytes[at]!]!) & 0xffffff
    if (at < from + 3) continue
    const place = at & 3
    // Most groups hold a byte that is not ASCII.
    const isText =
      (group & 0x808080) === 0 &&
      (classes[group >>> 16]! & classes[(group >>> 8) & 0xff]! & classes[group & 0xff]! & TEXT) !== 0
    if (isText) inARow[place]!++
    else if (inARow[place] !== 0) {
      const count = inARow[place]!
      inARow[place] = 0
      // With the group before and the one behind, of which a part may belong to it.
      if (count >= groups && look(target, decode(bytes, at - 3 - 4 * count - 4, at + 1, from, target))) return true
    }
  }
  for (let end = to; end > to - 4; end--) {
    const count = inARow[(end - 1) & 3]!
    if (count >= groups && look(target, decode(bytes, end - 4 * count - 4, to, from, target))) return true
  }
  return false
}

/** @param start May lie a group before the run, which then begins with the next. */
function decode(bytes: Uint8Array, start: number, end: number, from: number, target: Uint8Array): number {
  let length = 0
  let bits = 0
  let count = 0
  for (let at = start < from ? start + 4 : start; at < end; at++) {
    bits = ((bits << 6) | sixBits[bytes[at]!]!) & 0xffffff
    count += 6
    if (count >= 8) target[length++] = (bits >>> (count -= 8)) & 0xff
  }
  return length
}

/** How the numbers of a list are read. */
type Base = 10 | 16

/**
 * Lists of numbers that are characters: `115, 107`, `73:6b`, `0x73, 0x6b`, and
 * `"0": 115, "1": 107`, of which every second one is.
 */
export function readNumbers(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  enough: number,
  look: Look,
): boolean {
  if (!hasNumbers(bytes, from, to, enough)) return false
  for (const base of [10, 16] as const) {
    const { length, longest } = numbersOf(bytes, from, to, target, base)
    if (longest < enough) continue
    if (look(target, length)) return true
    if (base === 16) continue
    for (const odd of [0, 1]) {
      const pairs = numbersOf(bytes, from, to, target, base).length
      let half = 0
      for (let at = odd; at < pairs; at += 2) target[half++] = target[at]!
      if (look(target, half)) return true
    }
  }
  return false
}

/** Whether so many short words of letters and digits follow each other. */
function hasNumbers(bytes: Uint8Array, from: number, to: number, enough: number): boolean {
  if (to - from < 2 * enough - 1) return false
  let inARow = 0
  let length = 0
  for (let at = from; at < to; at++) {
    if (classes[bytes[at]!]! & ALPHANUMERIC) {
      // Of a longer one comes no character.
      if (++length > 7) inARow = 0
    } else if (length > 0) {
      inARow = length > 7 ? 0 : inARow + 1
      length = 0
      if (inARow >= enough) return true
    }
  }
  return length > 0 && length <= 7 && inARow + 1 >= enough
}

function numbersOf(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  base: Base,
): { length: number; longest: number } {
  let length = 0
  let inARow = 0
  let longest = 0
  for (let at = from; at < to; at++) {
    if (!(classes[bytes[at]!]! & ALPHANUMERIC)) continue
    let value = 0
    let start = at
    // `0x73` and `x73`; a `0` may also be the first of several.
    if (base === 16) {
      if (bytes[at] === 0x30 && at + 1 < to && (bytes[at + 1]! | 0x20) === 0x78) start = at = at + 2
      else if ((bytes[at]! | 0x20) === 0x78) start = at = at + 1
    }
    for (; at < to && classes[bytes[at]!]! & ALPHANUMERIC; at++) {
      const digit = hexDigits[bytes[at]!]!
      value = digit < base && value < 0x1000000 ? value * base + digit : -1e9
    }
    const digits = at - start
    // An index is a number too, of which only the place counts.
    const isNumber = value >= 0 && digits > 0 && digits <= 7
    target[length++] = isNumber && value < 256 ? value : gap
    inARow = isNumber ? inARow + 1 : 0
    if (inARow > longest) longest = inARow
  }
  return { length, longest }
}
