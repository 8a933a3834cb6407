import type { Write } from './read-on.ts'
import type { Spy } from './spy.ts'

/** One way to put a guess: how it is written, what stands beside it, and what keeps it from the next. */
export interface Writing {
  write: Write
  separator: string
}

const byCode =
  (write: (code: string) => string): Write =>
  (text) =>
    [...text].map((character) => write(character.charCodeAt(0).toString(16).padStart(2, '0'))).join('')

/** Forms in which texts of one length have one length. */
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

/** What a guess may lean on; `@` stands for the true secret, shown by the API. */
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

/** All of them, in an order in which each few are of many kinds; plain ones first. */
export function* writings(spy: Spy): Generator<Writing> {
  const secret = spy.secretAtTheApi
  const total = written.length * separators.length * neighbours.length * neighbours.length
  // A stride without a common divisor with the total, so that each comes once.
  for (let turn = 0, at = 0; turn < total; turn++, at = (at + 10_007) % total) {
    // The plainest of each form come before the mixtures.
    const index = turn < written.length ? turn : at
    const form = written[index % written.length]!
    const [separator, before, behind] = [separators, neighbours, neighbours].reduce<{ rest: number; chosen: string[] }>(
      ({ rest, chosen }, list) => ({
        rest: Math.floor(rest / list.length),
        chosen: [...chosen, list[rest % list.length]!],
      }),
      { rest: Math.floor(index / written.length), chosen: [] },
    ).chosen as [string, string, string]
    yield {
      separator,
      write: (text) => `${before.replace('@', () => secret)}${form(text)}${behind.replace('@', () => secret)}`,
    }
  }
}
