import type { Write } from './read-on.ts'

/** One way to write a guess: its encoding with adjacent text, and the separator between guesses. */
export interface Writing {
  write: Write
  separator: string
}

const byCode =
  (write: (code: string) => string): Write =>
  (text) =>
    [...text].map((character) => write(character.charCodeAt(0).toString(16).padStart(2, '0'))).join('')

/** Encodings that map texts of one length to one length. */
const written: Write[] = [
  (text) => text,
  byCode((hex) => `&#x${hex};`),
  byCode((hex) => hex),
  (text) => Buffer.from(text).toString('base64'),
  byCode((hex) => `%${hex}`),
  byCode((hex) => `\\u00${hex}`),
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  byCode((hex) => `\\x${hex.toUpperCase()}`),
  (text) => Buffer.from(`x${text}`).toString('base64url'),
  (text) => Buffer.from(`xy${text}xy`).toString('base64'),
  byCode((hex) => `%25${hex}`),
  byCode((hex) => `&#${String(parseInt(hex, 16)).padStart(3, '0')};`),
  byCode((hex) => `\\${parseInt(hex, 16).toString(8).padStart(3, '0')}`),
  byCode((hex) => `=${hex.toUpperCase()}`),
  byCode((hex) => `${String.fromCharCode(parseInt(hex, 16))}\0`),
  byCode((hex) => `${hex}00`),
  (text) => JSON.stringify([...Buffer.from(text)].map((byte) => String(byte).padStart(3, ' '))),
]

const separators = [' ', '\n', '"', '', ',', '\t', '|', '\\n', ', ', '<', "'", '&', '=', '/']

/** Text next to a guess. `@` is the true secret, shown by the API. */
const neighbours = [
  '',
  '=',
  '@',
  '%',
  '\\u',
  '&#',
  'a',
  '/',
  '.',
  '-',
  '$CLIENT_SECRET',
  ' @',
  '\\',
  '%2',
  'sk-',
  '@ ',
  '\0',
]

export interface Wanted {
  /** Whether the position accepts this text. */
  isWritable?: ((written: string) => boolean) | undefined
  /** The caller writes the text, without the secret. By default, the API does, which knows the secret. */
  byCaller?: boolean | undefined
  /** Texts need no separator: each is alone, or its position has one. */
  isAlone?: boolean | undefined
}

/** All writings, each once, in a mixed order with the plainest first. */
export function* writings(
  secretAtTheApi: string,
  { isWritable = () => true, byCaller, isAlone }: Wanted = {},
): Generator<Writing> {
  const beside = neighbours.filter((text) => !byCaller || !text.includes('@'))
  const between = isAlone ? [' '] : separators
  const total = written.length * between.length * beside.length ** 2
  for (let turn = 0; turn < total; turn++) {
    // A prime stride visits each once.
    let rest = turn < written.length ? turn : (turn * 10_007) % total
    const choose = <Value>(list: readonly Value[]): Value => {
      const chosen = list[rest % list.length]!
      rest = Math.floor(rest / list.length)
      return chosen
    }
    const form = choose(written)
    const separator = choose(between)
    const [before, behind] = [choose(beside), choose(beside)].map((text) => text.replace('@', () => secretAtTheApi))
    const write: Write = (text) => `${before}${form(text)}${behind}`
    if (isWritable(write('a'))) yield { separator, write }
  }
}
