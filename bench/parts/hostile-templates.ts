import { base64, writers } from '../../test/helpers/writers.ts'

/** The format of a value: what all of its values have in common. */
export interface Format {
  name: string
  prefix: string
  alphabet: string
  length: number
  /** So many characters of it hold a window wherever they were cut out, so many at an end, and so many at an end two. */
  slice: number
  end: number
  twoAtEnd: number
}

const letters = 'abcdefghijklmnopqrstuvwxyz'
const digits = '0123456789'
const alphanumeric = letters + letters.toUpperCase() + digits

export const formats: Format[] = [
  {
    name: 'Anthropic',
    prefix: 'sk-ant-api03-',
    alphabet: `${alphanumeric}-_`,
    length: 95,
    slice: 30,
    end: 17,
    twoAtEnd: 31,
  },
  { name: 'OpenAI, old', prefix: 'sk-', alphabet: alphanumeric, length: 48, slice: 33, end: 17, twoAtEnd: 33 },
  {
    name: 'Telegram',
    prefix: '123456789:AA',
    alphabet: `${alphanumeric}-_`,
    length: 33,
    slice: 33,
    end: 17,
    twoAtEnd: 33,
  },
  { name: 'AWS', prefix: '', alphabet: `${alphanumeric}+/`, length: 40, slice: 40, end: 17, twoAtEnd: 40 },
  { name: 'base64url', prefix: '', alphabet: `${alphanumeric}-_`, length: 86, slice: 30, end: 17, twoAtEnd: 31 },
  { name: 'hex', prefix: '', alphabet: '0123456789abcdef', length: 64, slice: 42, end: 20, twoAtEnd: 42 },
  {
    name: 'password',
    prefix: '',
    alphabet: `${alphanumeric}!$*@^|.~:{}`,
    length: 60,
    slice: 31,
    end: 17,
    twoAtEnd: 32,
  },
]

type Random = () => number
export const pick = <Item>(items: readonly Item[], random: Random): Item => items[Math.floor(random() * items.length)]!
export const below = (count: number, random: Random) => Math.floor(random() * count)

export function unknownOf({ alphabet, length }: Format, random: Random): string {
  return Array.from({ length }, () => alphabet[below(alphabet.length, random)]!).join('')
}

/** What a caller, and an API that does what the caller wants, make of a value: the same for every value of its format. */
export type Template = (unknown: string) => string

const forms = [
  // Its blanks are not looked for in other forms.
  ...Object.entries(writers).flatMap(([name, write]) =>
    name === 'every character of CSS, with blanks' ? [] : [write],
  ),
  base64,
  (text: string) => base64(text).replace(/=+$/, ''),
  (text: string) => Buffer.from(text).toString('base64url'),
  (text: string) => base64(base64(text)),
  (text: string) => base64(text).replace(/.{20}(?=.)/g, '$&\n  '),
  (text: string) => base64(Buffer.from(text, 'utf16le').toString('latin1')),
  (text: string) => JSON.stringify(text),
  (text: string) => JSON.stringify(JSON.stringify({ a: text })),
]
/** What an API makes of all that it answers. */
const envelopes: ((text: string) => string)[] = [
  (text) => JSON.stringify({ said: text }),
  (text) => JSON.stringify(JSON.stringify({ said: text })),
  (text) => JSON.stringify({ said: text }).replace(/[<>&'"]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`),
  (text) => encodeURIComponent(text),
  (text) => new URLSearchParams({ said: text }).toString(),
  (text) => base64(text),
  (text) => base64(text).replace(/.{64}(?=.)/g, '$&\n'),
  (text) => Buffer.from(text).toString('hex'),
  ...['as HTML', 'in UTF-16', 'every character of HTML'].map((name) => writers[name]!),
]
/** What makes a reader of escapes, lists, lines and words stumble. */
const stumbling = [
  ...['%', '%2', '%25', '%252', '&', '&#', '&#x', '&#1', '&#x7', '&amp;', '&amp;#', '&l', '&lowbar', ';', '\\', '\\\\'],
  ...['\\u', '\\u00', '\\u{', '\\x', '\\x7', '\\1', '\\16', '\\7', '\\u200b', '\\n', '\\"', '\\/', '}', '{', '#'],
  ...[
    '=',
    '=\\',
    '=7',
    '=\r\n',
    '\n',
    '\r\n  ',
    ' ',
    '  ',
    '\t',
    '"',
    "'",
    ',',
    ', ',
    ':',
    '?',
    '<',
    '>',
    '(',
    ')',
    '[',
    ']',
  ],
  ...['\0', '\u00ad', '\u200b', '\ufeff', '0', '7', '73', 'a', 'z', 'Zz', '-', '_', '+', '/', '.', '~', '0x', '0x73, '],
  ...['115, ', '1, 2, 3, 4, 5, 6, 7, 8, ', '"0":', 'data: ', 'c2st', 'QUFB', '='.repeat(3), 'ä', '€', '%c2%ad'],
]

const isSimple = (text: string) => /^[\x20-\x7e]*$/.test(text)

/** Pieces one after the other, of which some hold the value, so much of it that nothing may be seen of it. */
export function template(format: Format, random: Random): Template {
  const isWritten = random() < 0.3
  const pieces = Array.from({ length: 1 + below(5, random) }, () => piece(format, isWritten, random))
  const whole: Template = (unknown) => pieces.map((one) => one(unknown)).join('')
  if (!isWritten) return whole
  const write = pick(envelopes, random)
  // What is no ASCII is not looked for in encodings of bytes.
  return (unknown) => (isSimple(whole(unknown)) ? write(whole(unknown)) : whole(unknown))
}

function piece(format: Format, isWritten: boolean, random: Random): Template {
  const kind = random()
  if (kind < 0.35) return echo(format, isWritten, random)
  const text = kind < 0.75 ? pick(stumbling, random) : guess(format, random)
  return () => text
}

/** Text of the caller's: a part of what is public, a wrong value, or a part of one. */
function guess(format: Format, random: Random): string {
  const wrong = unknownOf(format, random)
  const from = below(wrong.length, random)
  const text = wrong.slice(from, from + 1 + below(40, random))
  const prefix = format.prefix.slice(0, below(format.prefix.length + 1, random))
  const inNumbers = ` ${[...Buffer.from(format.prefix + text)].join(pick([' ', ', '], random))} `
  return pick([text, prefix, prefix + text, format.prefix + text, pick(forms, random)(text), inNumbers], random)
}

/**
 * The value, or a part of it that is found by itself. In another form it is one of
 * two windows: of that which stands alone the caller can let an escape take away
 * the first character. That is a limit, which is told in Security model.
 */
function echo({ prefix, length, slice, end, twoAtEnd }: Format, isWritten: boolean, random: Random): Template {
  const isPlain = !isWritten && random() < 0.4
  const from = below(length - slice + 1, random)
  const least = isPlain ? end : twoAtEnd
  const cut = least + below(length - least + 1, random)
  const parts: Template[] = [
    (unknown) => prefix + unknown,
    (unknown) => unknown,
    (unknown) => prefix + unknown.slice(0, cut),
    (unknown) => unknown.slice(0, cut),
    (unknown) => unknown.slice(-cut),
  ]
  if (isPlain) return pick([...parts, (unknown) => unknown.slice(from, from + slice)], random)
  const part = pick(parts, random)
  const write = pick(forms, random)
  return (unknown) => write(part(unknown))
}
