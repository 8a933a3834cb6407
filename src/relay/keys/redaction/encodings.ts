import { ALPHANUMERIC, BASE64, classes, DIGIT, HEX, hexDigits, sixBits, TEXT } from './characters.ts'

/** Looks at decoded bytes. True ends the search. */
export type Look = (decoded: Uint8Array, from: number, to: number) => boolean

/** An encoding: words of so many bytes, each decoded separately. */
interface Encoding {
  kind: number
  wordLength: number
  /** The minimum of consecutive words for a text of so many bytes. */
  minWords: (length: number) => number
  isTextAt: (bytes: Uint8Array, at: number) => boolean
  /** @returns The number of written bytes. */
  decode: (bytes: Uint8Array, from: number, to: number, target: Uint8Array) => number
}

export const hex: Encoding = {
  kind: HEX,
  wordLength: 2,
  minWords: (length) => length,
  isTextAt: (bytes, at) => (classes[(hexDigits[bytes[at]!]! << 4) | hexDigits[bytes[at + 1]!]!]! & TEXT) !== 0,
  decode(bytes, from, to, target) {
    let length = 0
    for (let at = from; at + 1 < to; at += 2)
      target[length++] = (hexDigits[bytes[at]!]! << 4) | hexDigits[bytes[at + 1]!]!
    return length
  },
}

/** In either alphabet. */
export const base64: Encoding = {
  kind: BASE64,
  wordLength: 4,
  // Only a part of the first and the last three bytes may belong to the text.
  minWords: (length) => Math.max(2, Math.floor((length - 2) / 3)),
  isTextAt(bytes, at) {
    const word =
      (sixBits[bytes[at]!]! << 18) |
      (sixBits[bytes[at + 1]!]! << 12) |
      (sixBits[bytes[at + 2]!]! << 6) |
      sixBits[bytes[at + 3]!]!
    // Most contain a byte that is not ASCII.
    if (word & 0x808080) return false
    return (classes[word >>> 16]! & classes[(word >>> 8) & 0xff]! & classes[word & 0xff]! & TEXT) !== 0
  },
  decode(bytes, from, to, target) {
    let length = 0
    let bits = 0
    let count = 0
    for (let at = from; at < to; at++) {
      bits = ((bits << 6) | sixBits[bytes[at]!]!) & 0xffffff
      count += 6
      if (count >= 8) target[length++] = (bits >>> (count -= 8)) & 0xff
    }
    return length
  },
}

/**
 * Decodes every piece that yields enough text, from any offset within a word of the encoding. It tests the possible end
 * of a piece first, because most pieces end earlier. So it reads only a part of the bytes if there is no piece.
 */
export function readEncoded(
  encoding: Encoding,
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  enough: number,
  look: Look,
): boolean {
  const { kind, wordLength } = encoding
  const words = encoding.minWords(enough)
  const shortest = words * wordLength
  while (from + shortest <= to) {
    let end = from + shortest - 1
    while (end >= from && classes[bytes[end]!]! & kind) end--
    if (end >= from) {
      from = end + 1
      continue
    }
    end = from + shortest
    while (end < to && classes[bytes[end]!]! & kind) end++
    for (let place = from; place < from + wordLength; place++)
      if (readFrom(place, encoding, bytes, from, end, target, words, look)) return true
    from = end + 1
  }
  return false
}

function readFrom(
  place: number,
  { wordLength, isTextAt, decode }: Encoding,
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  words: number,
  look: Look,
): boolean {
  for (let at = place + wordLength * (words - 1); at + wordLength <= to; at += wordLength * words) {
    if (!isTextAt(bytes, at)) continue
    let start = at
    while (start - wordLength >= place && isTextAt(bytes, start - wordLength)) start -= wordLength
    while (at + 2 * wordLength <= to && isTextAt(bytes, at + wordLength)) at += wordLength
    if (at + wordLength - start < wordLength * words) continue
    // With the words before and after, which may belong to it in part.
    const length = decode(
      bytes,
      start - wordLength < from ? start : start - wordLength,
      Math.min(at + 2 * wordLength, to),
      target,
    )
    if (look(target, 0, length)) return true
  }
  return false
}

/** Separates numbers that are not consecutive. No text contains it. */
const gap = 1
/** Not a number, or far too large. */
const none = 0x10000
/** A longer number is not a character. */
const maxNumber = 7

/**
 * Lists of character codes: `115, 107`, `73:6b`, `0x73, 0x6b`, and `"0": 115, "1": 107`, where every second number is a
 * character.
 *
 * @param target Three times the size of the input.
 */
export function readNumbers(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  enough: number,
  look: Look,
): boolean {
  const lookAt = (start: number, end: number) => hasText(target, start, end, enough) && look(target, start, end)
  if (lookAt(0, numbersOf(bytes, from, to, target, 10))) return true
  const length = numbersOf(bytes, from, to, target, 10, true)
  for (const odd of [0, 1]) {
    let end = length
    for (let at = odd; at < length; at += 2) target[end++] = target[at]!
    if (lookAt(length, end)) return true
  }
  return lookAt(0, numbersOf(bytes, from, to, target, 16))
}

/** Whether there are so many consecutive short words of letters and digits. */
export function hasNumbers(bytes: Uint8Array, from: number, to: number, enough: number): boolean {
  if (to - from < 2 * enough - 1) return false
  let inARow = 0
  let length = 0
  for (let at = from; at < to; at++) {
    if (classes[bytes[at]!]! & ALPHANUMERIC) length++
    else if (length > 0) {
      inARow = length > maxNumber ? 0 : inARow + 1
      length = 0
      if (inARow >= enough) return true
    }
  }
  return length > 0 && length <= maxNumber && inARow + 1 >= enough
}

function hasText(bytes: Uint8Array, from: number, to: number, enough: number): boolean {
  let inARow = 0
  for (let at = from; at < to; at++) {
    inARow = classes[bytes[at]!]! & TEXT ? inARow + 1 : 0
    if (inARow >= enough) return true
  }
  return false
}

/**
 * One byte for each word that is the code of a character; for any other word the codes at its ends, because the caller
 * may have written beside a number.
 *
 * @param hasIndices If true, a larger number is one byte too, so that every second one is a character.
 */
function numbersOf(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  base: 10 | 16,
  hasIndices = false,
): number {
  let length = 0
  for (let at = from; at < to; at++) {
    if (!(classes[bytes[at]!]! & ALPHANUMERIC)) continue
    // The line breaks of JSON within JSON are not numbers, and do not separate numbers.
    if (at > from && bytes[at - 1] === 0x5c && isBlankLetter(bytes[at]!)) {
      if (at + 1 === to || !(classes[bytes[at + 1]!]! & ALPHANUMERIC)) continue
      at++
    }
    // `0x73` and `x73`.
    if (base === 16 && bytes[at] === 0x30 && at + 1 < to && isX(bytes[at + 1]!)) at += 2
    else if (base === 16 && isX(bytes[at]!)) at++
    const start = at
    let value = 0
    for (; at < to && classes[bytes[at]!]! & ALPHANUMERIC; at++) {
      const digit = hexDigits[bytes[at]!]!
      value = digit < base && value < none ? value * base + digit : none
    }
    const isNumber = at > start && at - start <= maxNumber && value < (hasIndices ? none : 127)
    if (isNumber) target[length++] = value < 127 ? value : gap
    else {
      if (at - start > 1) target[length++] = firstCharacter(bytes, start, at, base)
      target[length++] = gap
      if (at - start > 1) target[length++] = lastCharacter(bytes, start, at, base)
    }
  }
  return length
}

/** The number at the beginning of a word, if it is the code of a printable character: 32 to 126. */
function firstCharacter(bytes: Uint8Array, from: number, to: number, base: 10 | 16): number {
  const isLong = base === 10 && bytes[from] === 0x31
  return numberIn(bytes, from, Math.min(to, from + (isLong ? 3 : 2)), base)
}

function lastCharacter(bytes: Uint8Array, from: number, to: number, base: 10 | 16): number {
  const long = base === 10 && to - from > 2 ? numberIn(bytes, to - 3, to, base) : gap
  return long > 99 && long < 127 ? long : numberIn(bytes, to - 2, to, base)
}

function numberIn(bytes: Uint8Array, from: number, to: number, base: 10 | 16): number {
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = hexDigits[bytes[at]!]!
    value = digit < base && value < none ? value * base + digit : none
  }
  return value < 127 ? value : gap
}

const isX = (byte: number) => (byte | 0x20) === 0x78
/** The letters of `\n`, `\r` and `\t`. */
const isBlankLetter = (byte: number) => byte === 0x6e || byte === 0x72 || byte === 0x74

/** The beginning of the first number of a list. The code of a character begins with a digit, in hex too. */
export function nextDigit(bytes: Uint8Array, at: number): number {
  while (!(classes[bytes[at]!]! & DIGIT)) at++
  return at
}

/** A brace at the end of a list, and the line break before it, are not part of the numbers. */
export function behindLastNumber(bytes: Uint8Array, to: number): number {
  for (; ; to--) {
    if (!(classes[bytes[to - 1]!]! & ALPHANUMERIC)) continue
    if (!isBlankLetter(bytes[to - 1]!) || bytes[to - 2] !== 0x5c) return to
  }
}
