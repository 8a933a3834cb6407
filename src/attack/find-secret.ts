import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib'

/** How a secret was found: raw, or in these encodings, the outermost first. */
export interface Found {
  form: string
  /** False if only a part was found. */
  whole: boolean
}

/** A secret to search for. */
export interface Sought {
  value: string
  /** Its public beginning. */
  publicPart?: string
}

/** By default, this many consecutive unknown characters count as a found secret. */
const defaultPartLength = 12
/** How many times the search decodes decoded text again. */
const deepest = 4
/** In longer texts, the search covers each form, but not mixtures of forms. */
const largest = 100_000

/**
 * Searches bytes for secrets in many forms: raw, percent-encoded, JSON, HTML,
 * base64, hex, UTF-16, compressed, in any letter case, and mixtures of these. It
 * decodes everything it can and searches the result. It shares no code with the
 * relay's redaction.
 */
export function findSecrets(
  bytes: Buffer,
  secrets: readonly Sought[],
  partLength = defaultPartLength,
): Map<string, Found> {
  const found = new Map<string, Found>()
  const wanted = secrets.map(({ value: secret, publicPart = '' }) => {
    const whole = secret.toLowerCase()
    return {
      secret,
      whole,
      unescaped: unescape(whole)[0] ?? whole,
      parts: partsOf(whole.slice(publicPart.length), partLength),
    }
  })
  for (const { text, form } of readings(bytes.toString('latin1'))) {
    const lower = text.toLowerCase()
    for (const { secret, whole, unescaped, parts } of wanted) {
      if (found.get(secret)?.whole) continue
      if (lower.includes(whole) || lower.includes(unescaped)) found.set(secret, { form, whole: true })
      else if (!found.has(secret) && parts.some((part) => lower.includes(part)))
        found.set(secret, { form, whole: false })
    }
  }
  return found
}

export function findSecret(bytes: Buffer, value: string): Found | null {
  return findSecrets(bytes, [{ value }]).get(value) ?? null
}

/** Adjacent pieces, so that any run of almost twice the length contains one of them. */
function partsOf(unknown: string, partLength: number): string[] {
  const starts = Array.from({ length: Math.floor(unknown.length / partLength) }, (_, index) => index * partLength)
  return [...starts, Math.max(0, unknown.length - partLength)].map((at) => unknown.slice(at, at + partLength))
}

/** The text and its decodings: first with one escape each, then with all encodings, repeatedly. */
function* readings(text: string): Generator<Reading> {
  yield { text, form: 'raw' }
  for (const [form, decode] of escapes.slice(0, -3)) for (const decoded of decode(text)) yield { text: decoded, form }
  const seen = new Set([text])
  let level: Reading[] = [{ text, form: '' }]
  for (let depth = 0; depth < (text.length > largest ? 1 : deepest); depth++) {
    level = level.flatMap((reading) => decodings(reading).filter((next) => !seen.has(next.text)))
    for (const next of level) seen.add(next.text)
    yield* level
  }
}

interface Reading {
  text: string
  form: string
}

type Decode = (text: string) => string[]

const named: Record<string, string> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  dollar: '$',
  plus: '+',
  lowbar: '_',
  period: '.',
  hyphen: '-',
  bsol: '\\',
  sol: '/',
  equals: '=',
  percnt: '%',
  quest: '?',
  colon: ':',
}

const character = (code: number) => (code <= 0x10ffff ? String.fromCodePoint(code) : '')

const percent = '%([0-9a-f]{2})'
const json = '\\\\u([0-9a-f]{4})|\\\\x([0-9a-f]{2})|\\\\(["\\\\/])'
const html = '&#x([0-9a-f]{1,6})(?:;|(?![0-9a-f]))|&#([0-9]{1,7});?|&([a-z]{2,6});'
// Rare escapes: octal, `\u{73}`, CSS, quoted-printable, and invisible characters.
const rare =
  '\\\\([0-7]{3})(?![0-9a-f]{3})|\\\\u\\{([0-9a-f]{1,6})\\}|\\\\([0-9a-f]{6})|=([0-9a-f]{2})|=(?:\\s|\\\\[rn])+|\\xc2\\xad|\\xe2\\x80\\x8b'
const space = '(?:\\s|\\\\[rn])*'
const number = `(?:"\\d+":${space})?\\d{1,3}`
const numbers = `(${number}(?:${space},${space}${number}){11,})`
const pairs = '((?:0x)?[0-9a-f]{2}(?:[\\s:,-]{1,2}(?:0x)?[0-9a-f]{2}){11,})'

const escapes: [string, Decode][] = [
  ['percent-encoded', replacing(percent, (code = '') => character(parseInt(code, 16)))],
  ['JSON-escaped', replacing(json, readJson)],
  ['HTML-escaped', replacing(html, readHtml)],
  ['UTF-16', replacing('\0', () => '')],
  ['escaped in a rare way', replacing(rare, readRare)],
  ['numbers', replacing(numbers, readNumbers)],
  ['hex in pairs', replacing(pairs, readPairs)],
]

function readJson(long?: string, short?: string, sign?: string): string {
  return sign || character(parseInt(long || short || '', 16))
}

function readRare(octal?: string, braced?: string, css?: string, quoted?: string): string {
  if (octal) return character(parseInt(octal, 8))
  const code = braced ?? css ?? quoted
  return code ? character(parseInt(code, 16)) : ''
}

function readNumbers(run = ''): string {
  const codes = run.replace(/"\d+":/g, '').match(/\d+/g) ?? []
  return codes.map((code) => character(Number(code))).join('')
}

function readPairs(run = ''): string {
  return fromHex(run.replace(/0x|[^0-9a-f]/gi, ''))
}

function readHtml(hex?: string, decimal?: string, name?: string): string {
  return name ? (named[name.toLowerCase()] ?? '') : character(hex ? parseInt(hex, 16) : Number(decimal))
}

/** Decodes all escapes in one pass, because they can be nested. */
const unescape = replacing(`${percent}|${json}|${html}|\0`, (code, long, short, sign, ...entity) => {
  if (code) return character(parseInt(code, 16))
  if (long || short || sign) return readJson(long, short, sign)
  return entity.some(Boolean) ? readHtml(entity[0], entity[1], entity[2]) : ''
})

function decodings({ text, form }: Reading): Reading[] {
  const all: [string, string[]][] = [
    ['escaped', unescape(text)],
    ...escapes.slice(-3).map(([name, decode]): [string, string[]] => [name, decode(text)]),
    ['base64', [0, 1, 2, 3].flatMap((offset) => runs(text, /[A-Za-z0-9+/_-]{14,}/g, offset, fromBase64))],
    ['broken lines', joined(text)],
    ['hex', [0, 1].flatMap((offset) => runs(text, /(?:[0-9a-f]{2}){12,}[0-9a-f]?/gi, offset, fromHex))],
    ['compressed', decompressed(text)],
  ]
  return all.flatMap(([name, texts]) =>
    texts.map((decoded) => ({ text: decoded, form: form ? `${form}, ${name}` : name })),
  )
}

/** Joins lines, because mail and PEM break base64 into lines. */
const joined = replacing('(?<=[a-z0-9+/]{36})(?:\\s|\\\\[rn])+(?=[a-z0-9+/])', () => '')

function replacing(pattern: string, replace: (...groups: (string | undefined)[]) => string): Decode {
  const expression = new RegExp(pattern, 'gi')
  return (text) => {
    const decoded = text.replace(expression, (_, ...groups: (string | undefined)[]) => replace(...groups))
    return decoded === text ? [] : [decoded]
  }
}

/** All runs of an alphabet, each decoded from `offset`, because the encoding may start inside a longer word. */
function runs(text: string, alphabet: RegExp, offset: number, decode: (run: string) => string): string[] {
  const decoded = [...text.matchAll(alphabet)].map(([run]) => decode(run.slice(offset))).filter(isTelling)
  return decoded.length > 0 ? [decoded.join('\n')] : []
}

/** Whether decoded text is worth searching. Almost every word is valid base64, so it must contain text. */
function isTelling(decoded: string): boolean {
  return /[\u0020-\u007e]{12}/.test(decoded.replaceAll('\0', '')) || decompressed(decoded).length > 0
}

const fromBase64 = (run: string) => Buffer.from(run, 'base64').toString('latin1')
const fromHex = (run: string) => Buffer.from(run, 'hex').toString('latin1')

/** Decompresses text with the first bytes of a compressed format. Brotli has none, so it must look like long binary data. */
function decompressed(text: string): string[] {
  const tries = [
    text.startsWith('\x1f\x8b') && gunzipSync,
    ['\x78\x01', '\x78\x5e', '\x78\x9c', '\x78\xda'].includes(text.slice(0, 2)) && inflateSync,
    text.startsWith('\x28\xb5\x2f\xfd') && zstdDecompressSync,
    // eslint-disable-next-line no-control-regex
    /^[^\n]{0,20}[\x00-\x08\x80-\x9f]/.test(text) && text.length > 100 && text.length < 10_000 && brotliDecompressSync,
  ]
  return tries.flatMap((decompress) => {
    try {
      return decompress ? [decompress(Buffer.from(text, 'latin1')).toString('latin1')] : []
    } catch {
      return []
    }
  })
}
