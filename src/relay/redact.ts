import { placeholder } from '../protocol/placeholder.ts'

/** Puts the placeholder where a secret stands, in whatever leaves the relay. */
export interface Redactor {
  text(text: string): string
  bytes(bytes: Buffer): Buffer
}

/**
 * The second line of defence: the first is that a secret goes only where its
 * rules let it, but an upstream may still echo it, as it is or written in one of
 * the ways in which programs write text into other text.
 *
 * Everything a form can look like is one regular expression, made once a key. It
 * has no open repetition, so its time grows with the text and with nothing else.
 */
export function createRedactor(...secrets: string[]): Redactor {
  // The longer first, so that of a value that begins another one no rest is left.
  const longestFirst = [...secrets].sort((one, other) => other.length - one.length)
  const anyForm = new RegExp(longestFirst.flatMap(formsOf).join('|'), 'gi')
  const clean = (text: string) => text.replace(anyForm, () => placeholder)
  return {
    text: clean,
    bytes(bytes) {
      // Latin-1 is one character a byte, and every form is ASCII, so bytes are searched as text.
      const text = bytes.toString('latin1')
      const cleaned = clean(text)
      return cleaned === text ? bytes : Buffer.from(cleaned, 'latin1')
    },
  }
}

/** Looks for what each of them looks for. */
export function allOf(redactors: Iterable<Redactor>): Redactor {
  const all = [...redactors]
  return {
    text: (text) => all.reduce((rest, redactor) => redactor.text(rest), text),
    bytes: (bytes) => all.reduce((rest, redactor) => redactor.bytes(rest), bytes),
  }
}

/** Of the ways in which a secret may stand in a text. */
function formsOf(secret: string): string[] {
  const asBytes = writtenInto(secret).flatMap((text) => [hexadecimal(text), decimal(text), ...base64(text)])
  return [spelled(secret), ...asBytes]
}

/** UTF-16 and UTF-32 put these around the characters of ASCII. */
const zeroBytes = '\\u0000{0,3}'

/** Character by character: as it is, in either case, and escaped as in urls, JSON, JavaScript and HTML, also twice over. */
function spelled(secret: string): string {
  return [...secret].map((character) => `(?:${spellings(character).join('|')})`).join(zeroBytes)
}

const htmlNames = new Map([
  ['"', 'quot'],
  ["'", 'apos'],
  ['&', 'amp'],
  ['<', 'lt'],
  ['>', 'gt'],
])

function spellings(character: string): string[] {
  const code = character.charCodeAt(0)
  const hex = hexOf(character)
  const decimals = bothCases(character).map((one) => one.charCodeAt(0))
  const name = htmlNames.get(character)
  // The raw one comes last: of a `%` that is written `%25` no rest is to stay.
  const spelled = [
    `%(?:25){0,3}(?:${hex})`,
    `\\\\{1,4}(?:x(?:${hex})|u00(?:${hex})|u\\{0{0,4}(?:${hex})\\})`,
    `&(?:amp;){0,3}#(?:0{0,5}(?:${decimals.join('|')})|x0{0,4}(?:${hex}));`,
    ...(name ? [`&(?:amp;){0,3}${name};`] : []),
    ...(code === 0x20 ? ['\\+'] : []),
    escaped(character),
  ]
  // Quotes, slashes and backslashes are the ones that are escaped by a backslash, or by several where JSON stands in JSON.
  return '"\'/\\'.includes(character) ? [`(?:${backslash}${zeroBytes}){0,8}(?:${spelled.join('|')})`] : spelled
}

/** A backslash, also where JSON was written into a url or a page. */
const backslash = '(?:\\\\|%(?:25){0,3}5c|&(?:amp;){0,3}(?:#92|#x5c|bsol);)'

/** The letter in both cases: %73 is s, and %53 is S. */
function bothCases(character: string): string[] {
  return [...new Set([character, character.toLowerCase(), character.toUpperCase()])]
}

function hexOf(character: string): string {
  return bothCases(character)
    .map((one) => one.charCodeAt(0).toString(16).padStart(2, '0'))
    .join('|')
}

/** The secret, and what becomes of it in a text that is then written as bytes; for most secrets that is the same. */
function writtenInto(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  return [...new Set([secret, json, json.replaceAll('/', '\\/'), encodeURIComponent(secret)])]
}

/** `736b2d`, `73 6b 2d`, `73:6b:2d`, `0x73, 0x6b, 0x2d`. */
function hexadecimal(secret: string): string {
  return [...Buffer.from(secret)].map((byte) => byte.toString(16).padStart(2, '0')).join('[\\s:,-]{0,2}(?:0x)?')
}

/** `115, 107, 45`, as a Buffer is written in JSON. */
function decimal(secret: string): string {
  return `\\b${[...Buffer.from(secret)].join('\\s{0,8},\\s{0,8}')}\\b`
}

/**
 * As part of a longer text in base64, in both alphabets: three bytes are four
 * characters, so there are three ways, by where in a three the secret begins. The
 * characters at its ends that hold bits of its neighbours too are left; they tell
 * at most four bits of it.
 */
function base64(secret: string): string[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]).toString('base64')
    const whole = text.slice(offset && offset + 1, Math.floor(((offset + secret.length) * 8) / 6))
    return (
      [...whole]
        .map((character) => (character === '+' ? '[+-]' : character === '/' ? '\\\\{0,4}[/_]' : character))
        // Mail and PEM break lines; JSON writes the breaks out.
        .join('(?:\\s|\\\\{1,4}[rn]){0,4}')
    )
  })
}

function escaped(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
