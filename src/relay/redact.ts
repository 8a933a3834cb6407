import { placeholder } from '../protocol/placeholder.ts'

/** Puts the placeholder where a secret stands, in whatever leaves the relay. */
export interface Redactor {
  text(text: string): string
  bytes(bytes: Buffer): Buffer
}

/**
 * The second line of defence: the first is that a secret goes only where its
 * rules let it, but an upstream may still echo it, as it is or written in one of
 * the ways in which programs write text into other text; or a part of it, where
 * it cuts off what it shows.
 *
 * What is searched for are a few characters of it, in every form: its beginning,
 * then its middle, then its end, each with one regular expression. From what was
 * found on, the rest is read unit by unit, as far as it is there. So the
 * expressions stay small however long a secret is, they have no open repetition,
 * and their time grows with the text and with nothing else.
 */
export function createRedactor(...secrets: string[]): Redactor {
  // The longer first, so that of a value that begins another one no rest is left.
  const longestFirst = [...secrets].sort((one, other) => other.length - one.length)
  return allOf(longestFirst.flatMap((secret) => searchesFor(formsOf(secret)).map(redactorOf)))
}

/** Three searches take a fraction of the time that one for all three pieces of every form takes. */
function searchesFor(forms: Form[]): Piece[][] {
  const pieces = forms.map(piecesOf)
  return [0, 1, 2].map((at) => pieces.flatMap((ofForm) => ofForm[at] ?? [])).filter((search) => search.length > 0)
}

function redactorOf(pieces: Piece[]): Redactor {
  // Several forms may have the same piece, and go on differently.
  const sources = [...new Set(pieces.map(({ source }) => source))]
  const alike = sources.map((source) => pieces.filter((piece) => piece.source === source))
  const anyPiece = new RegExp(sources.map((source) => `(${source})`).join('|'), 'gi')

  function clean(text: string): string {
    const kept: string[] = []
    let end = 0
    anyPiece.lastIndex = 0
    for (let match = anyPiece.exec(text); match; match = anyPiece.exec(text)) {
      const { index } = match
      const found = alike[match.findIndex((group, number) => number > 0 && group !== undefined) - 1]!
      const start = Math.min(...found.map((piece) => readBack(piece, text, index, end)))
      kept.push(text.slice(end, start), placeholder)
      end = Math.max(...found.map((piece) => readOn(piece, text, anyPiece.lastIndex)))
      anyPiece.lastIndex = end
    }
    return kept.length === 0 ? text : kept.join('') + text.slice(end)
  }

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

/** One way to write a secret. */
interface Form {
  /** What it is written with, one after the other. */
  units: Unit[]
  /** What may stand between two of them. */
  between: string
  /** How many of them are enough to be found by. */
  enough: number
}

interface Unit {
  /** How it is written mostly; empty where a sign in it may also be the beginning of an escape. */
  plain: string
  /** Every way to write it, as a regular expression. */
  source: string
}

/** Some units of a form, from one on to before another. */
interface Piece {
  form: Form
  from: number
  to: number
  source: string
  /** What follows, where all of it is written as it is mostly. */
  rest: string
}

/** The beginning, the middle and the end of a form; of a short one its whole. */
function piecesOf(form: Form): Piece[] {
  const { units, between, enough } = form
  const last = units.length - enough
  const starts = last <= 0 ? [0] : [...new Set([0, Math.floor(last / 2), last])]
  return starts.map((from) => {
    const to = Math.min(from + enough, units.length)
    const source = units
      .slice(from, to)
      .map((unit) => unit.source)
      .join(between)
    const after = units.slice(to).map((unit) => unit.plain)
    return { form, from, to, source, rest: after.includes('') ? '' : after.join('') }
  })
}

/** Where in the text that ends which belongs to the secret, behind a piece of it that ends at `at`. */
function readOn({ form: { units, between }, to, rest }: Piece, text: string, at: number): number {
  if (rest && text.startsWith(rest, at)) return at + rest.length
  for (let unit = to; unit < units.length; unit++) {
    const { plain, source } = units[unit]!
    if (plain && text.startsWith(plain, at)) {
      at += plain.length
      continue
    }
    const one = `${between}(?:${source})`
    const next = units[unit + 1]
    // Where a unit may be read in several ways, in the one after which the next can be read.
    const end = (next && endOf(`${one}(?=${between}(?:${next.source}))`, text, at)) ?? endOf(one, text, at)
    if (end === undefined) break
    at = end
  }
  return at
}

function endOf(source: string, text: string, at: number): number | undefined {
  const sticky = expression(source, 'iy')
  sticky.lastIndex = at
  return sticky.test(text) ? sticky.lastIndex : undefined
}

/** No unit is written in more characters, with what stands behind it; except of backslashes, of which some may stay. */
const longestUnit = 200

/** Where in the text that begins which belongs to the secret, before a piece of it that begins at `at`; not before `least`. */
function readBack({ form: { units, between }, from }: Piece, text: string, at: number, least: number): number {
  for (const { source } of units.slice(0, from).reverse()) {
    const found = expression(`(?:${source})${between}$`, 'i').exec(text.slice(Math.max(least, at - longestUnit), at))
    if (!found) break
    at -= found[0].length
  }
  return at
}

/** Made when it is first needed: for most answers none is. There are as many as there are characters. */
const expressions = new Map<string, RegExp>()

function expression(source: string, flags: string): RegExp {
  const known = expressions.get(source + flags) ?? new RegExp(source, flags)
  expressions.set(source + flags, known)
  return known
}

/** Of the ways in which a secret may stand in a text. */
function formsOf(secret: string): Form[] {
  // Half of a short secret, but not so little that it could be a word.
  const enough = Math.min(12, Math.max(8, Math.ceil(secret.length / 2)))
  return [
    spelled(secret, enough),
    hexadecimal(secret, enough),
    decimal(secret, enough),
    ...writtenInto(secret).flatMap((text) => base64(Buffer.from(text), enough)),
  ]
}

/** UTF-16 and UTF-32 put these around the characters of ASCII. */
const zeroBytes = '\\u0000{0,3}'

/** Character by character: as it is, in either case, and escaped as in urls, JSON, JavaScript and HTML, also twice over. */
function spelled(secret: string, enough: number): Form {
  // Backslashes in a row are one unit, with what follows them: each for itself could be
  // read in as many ways as there are, and the last as one that escapes what follows.
  const units = (secret.match(/\\*[^\\]|\\+/g) ?? []).map((plain) => {
    const [, backslashes = '', character = ''] = /^(\\*)(.?)$/.exec(plain) ?? []
    // As few as there may be before a character, which may be escaped itself; at the end all.
    const before = backslashes && `${spellings(backslashes)}${character && '?'}${zeroBytes}`
    return { plain: /[%&\\]/.test(plain) ? '' : plain, source: before + (character && spellings(character)) }
  })
  return { units, between: zeroBytes, enough }
}

const htmlNames = new Map([
  ['"', 'quot'],
  ["'", 'apos'],
  ['&', 'amp'],
  ['<', 'lt'],
  ['>', 'gt'],
  ['+', 'plus'],
  ['=', 'equals'],
  ['/', 'sol'],
])

/** How a character is written, or several backslashes. */
function spellings(characters: string): string {
  const character = characters[0]!
  const code = character.charCodeAt(0)
  const hex = hexOf(character)
  const decimals = bothCases(character).map((one) => one.charCodeAt(0))
  const name = htmlNames.get(character)
  // The raw one comes last: of a `%` that is written `%25` no rest is to stay.
  const spelled = [
    `%(?:25){0,3}(?:${hex})`,
    `(?:\\\\{1,4}|${backslash})(?:x(?:${hex})|u00(?:${hex})|u\\{0{0,4}(?:${hex})\\})`,
    `&(?:amp;){0,3}#(?:0{0,5}(?:${decimals.join('|')})|x0{0,4}(?:${hex}));`,
    ...(name ? [`&(?:amp;){0,3}${name};`] : []),
    ...(code === 0x20 ? ['\\+'] : []),
    escaped(character),
  ].join('|')
  if (character === '\\') return `(?:(?:${spelled})${zeroBytes}){${characters.length},${characters.length * 8}}`
  // Quotes and slashes are escaped by a backslash, or by several where JSON stands in JSON.
  return '"\'/'.includes(character) ? `(?:${backslash}${zeroBytes}){0,8}(?:${spelled})` : `(?:${spelled})`
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

/** A text as it is, and what becomes of it in JSON and in a url, which are then written as bytes; for most texts that is the same. */
function writtenInto(text: string): string[] {
  const json = JSON.stringify(text).slice(1, -1)
  return [...new Set([text, json, json.replaceAll('/', '\\/'), encodeURIComponent(text)])]
}

/** Byte by byte, as numbers: the bytes of each character, or of what it becomes. */
function numbers(secret: string, write: (byte: number) => string, between: string, enough: number): Form {
  const units = [...secret].map((character) => {
    const ways = writtenInto(character).map((text) => [...Buffer.from(text)].map(write).join(between))
    return { plain: ways[0]!, source: ways.length === 1 ? ways[0]! : `(?:${ways.join('|')})` }
  })
  return { units, between, enough }
}

/** `736b2d`, `73 6b 2d`, `73:6b:2d`, `0x73, 0x6b, 0x2d`. */
function hexadecimal(secret: string, enough: number): Form {
  return numbers(secret, (byte) => byte.toString(16).padStart(2, '0'), '[\\s:,-]{0,2}(?:0x)?', enough)
}

/** `115, 107, 45`, as a Buffer is written in JSON. */
function decimal(secret: string, enough: number): Form {
  return numbers(secret, String, '\\s{0,8},\\s{0,8}', enough)
}

function asItIs(text: string): Unit {
  return { plain: text, source: text }
}

/**
 * As part of a longer text in base64, in both alphabets: three bytes are four
 * characters, so there are three ways, by where in a three the secret begins. The
 * characters at its ends that hold bits of its neighbours too are left; they tell
 * at most four bits of it.
 */
function base64(bytes: Buffer, enough: number): Form[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
    const whole = text.slice(offset && offset + 1, Math.floor(((offset + bytes.length) * 8) / 6))
    return { units: [...whole].map(digit), between: lineBreak, enough: Math.ceil((enough * 8) / 6) - 2 }
  })
}

/** Mail and PEM break lines; JSON, urls and pages write the breaks in their own way. */
const lineBreak = '(?:\\s|\\\\{1,4}[rn]|\\\\{1,4}u000[ad]|%0[ad]|&#(?:x0?[ad]|1[03]);){0,4}'

/** Of base64 only these are escaped, as they mean something in urls, pages and JSON. */
function digit(character: string): Unit {
  if (character === '+') return { plain: '+', source: `(?:${spellings('+')}|-)` }
  return character === '/' ? { plain: '/', source: `(?:${spellings('/')}|_)` } : asItIs(character)
}

function escaped(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
