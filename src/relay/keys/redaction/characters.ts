/**
 * Classes of bytes for the redactor. They are fixed: a table made from the secrets would reveal which characters the
 * secrets contain.
 */

/** May appear in a value that is searched for in words. */
export const VALUE = 1
/** May appear in a word: the characters of values, and of their escapes (`%73`, `\u0073`, `&#115;`). */
export const WORD = 2
export const DIGIT = 4
/** May begin an escape. */
export const ESCAPE = 8
/** May appear in a line: all but quotes and control characters. */
export const LINE = 16
/** Belongs to a word depending on the next bytes: an ampersand, or the first byte of an invisible character in UTF-8. */
export const LEAD = 32
/** A character of base64, in either alphabet. */
export const BASE64 = 64
/** May appear in a text. Other bytes end a decoded text. */
export const TEXT = 128
export const HEX = 256
export const ALPHANUMERIC = 512

export const classes = Uint16Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code)
  let bits = 0
  if (/[A-Za-z0-9\-_+/.~!$*@^|:]/.test(character)) bits |= VALUE | WORD
  if (/[%\\#;{}\0]/.test(character)) bits |= WORD
  if (/[0-9]/.test(character)) bits |= DIGIT
  if (/[%\\&\0\r\n]/.test(character) || code >= 0x80) bits |= ESCAPE
  if ((code >= 0x20 && character !== '"' && code !== 0x7f) || code === 0) bits |= LINE
  if (character === '&' || code === 0xc2 || code === 0xe2 || code === 0xef) bits |= LEAD
  if (/[A-Za-z0-9\-_+/]/.test(character)) bits |= BASE64
  if ((code >= 0x20 && code < 0x7f) || /[\0\t\n\r]/.test(character)) bits |= TEXT
  if (/[0-9a-fA-F]/.test(character)) bits |= HEX
  if (/[0-9a-zA-Z]/.test(character)) bits |= ALPHANUMERIC
  return bits
})

/** Folds letters to one case. */
export const lowerCase = table((code) => (code >= 0x41 && code <= 0x5a ? code + 0x20 : code))

/** Folds the two alphabets of base64 too, and the two encodings of a blank in forms. */
export const folded = table((code) => {
  if (code === 0x2b || code === 0x20) return 0x2d
  return code === 0x2f ? 0x5f : lowerCase[code]!
})

/** The value of a hexadecimal digit; 16 for all others. */
export const hexDigits = table((code) => {
  const digit = parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(digit) ? 16 : digit
})

/** The value of a character of base64, in either alphabet; 64 for all others. */
export const sixBits = table((code) => {
  const digit = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(
    String.fromCharCode(code).replace('-', '+').replace('_', '/'),
  )
  return digit === -1 ? 64 : digit
})

function table(of: (code: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => of(code))
}

/** A text of bytes (latin1), folded for comparison with windows. */
export function fold(text: string): string {
  return Buffer.from(Buffer.from(text, 'latin1').map((byte) => folded[byte]!)).toString('latin1')
}

/**
 * The length in UTF-8 of the invisible character here: a soft hyphen, or a character of no width. 0: there is none.
 * -1: more bytes are needed to know.
 */
export function invisibleLength(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at]!
  if (first !== 0xc2 && first !== 0xe2 && first !== 0xef) return 0
  if (at + 1 >= end) return -1
  const second = bytes[at + 1]!
  if (first === 0xc2) return second === 0xad ? 2 : 0
  const mayBe = first === 0xe2 ? second === 0x80 || second === 0x81 : second === 0xbb
  if (!mayBe) return 0
  if (at + 2 >= end) return -1
  return isInvisible(first, second, bytes[at + 2]!) ? 3 : 0
}

/** U+200B to U+200F, U+2060, U+FEFF. */
export function isInvisible(first: number, second: number, third: number): boolean {
  if (first === 0xe2) return (second === 0x80 && third >= 0x8b && third <= 0x8f) || (second === 0x81 && third === 0xa0)
  return first === 0xef && second === 0xbb && third === 0xbf
}
