import { classes, WORD } from './characters.ts'
import { isTelling, minPrefix } from './prefix-table.ts'
import { publicPartOf, type PublicPart } from './public-prefixes.ts'
import { Unescaper } from './unescape.ts'
import type { Traces } from './matcher.ts'
import { isGuessable, windowsOf } from './windows.ts'

/** A text that must not be seen, and what it is known by. */
export interface Value extends Traces {
  /** What goes where it is found: the word that holds it; where it holds signs at which words end, the line or the string. */
  unit: 'word' | 'line' | 'string'
}

/** Shorter texts stand everywhere by chance. */
const shortest = 8

/** Quotes, backslashes and control characters are written in too many ways to be found in all of them. */
// eslint-disable-next-line no-control-regex
const betweenPieces = /["\\\x00-\x1f]+/

/**
 * Every text that gives a secret away: itself without the name of a scheme,
 * what it is base64 of, and of `user:password` the password; each also as it reads
 * when the escapes in it are decoded.
 */
export function valuesOf(secret: string, publicPrefix?: string): Value[] {
  const token = withoutScheme(secret)
  const prefix = publicPrefix === undefined ? undefined : withoutScheme(publicPrefix)
  return [valueOf(token, prefix), ...credentialsIn(token)].flatMap(({ text, publicPart }) =>
    [...new Set([text, unescaped(text)])].flatMap((spelled) => {
      const whole = spelled.replace(/=+$/, '')
      const pieces = whole.split(betweenPieces)
      const isString = pieces.length > 1
      return [...(isString ? [whole] : []), ...pieces]
        .filter(({ length }) => length >= shortest)
        .map((piece) => ({ ...tracesOf(piece, publicPart), ...(isString && { unit: 'string' as const }) }))
    }),
  )
}

/** Whether so little of a secret is unknown that guesses find it, where an API shows what callers write. */
export function isGuessableSecret(secret: string, publicPrefix?: string): boolean {
  const { text, publicPart } = valueOf(withoutScheme(secret), publicPrefix && withoutScheme(publicPrefix))
  return isGuessable(text.slice(publicPart.split.length))
}

/** Whether a secret is a user and a password in base64, as Basic sends them. */
export function isBasicCredentials(secret: string): boolean {
  return credentialsIn(withoutScheme(secret))[0]?.text.includes(':') ?? false
}

interface Credential {
  text: string
  publicPart: PublicPart
}

function valueOf(text: string, given?: string): Credential {
  if (given !== undefined && text.startsWith(given)) return { text, publicPart: { split: given, shape: given } }
  return { text, publicPart: publicPartOf(text) }
}

/** What a value of Basic says, which APIs decode and may show. */
function credentialsIn(token: string): Credential[] {
  if (!/^[A-Za-z0-9+/_-]{10,}=*$/.test(token)) return []
  const text = Buffer.from(token, 'base64').toString('latin1')
  if (!/^[\x20-\x7e]{8,}$/.test(text)) return []
  const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(text) ?? []
  if (password.length < shortest) {
    // Too short to be searched for alone. Where the secret is the user name, as Stripe has it, that is searched for.
    return [valueOf(text), ...(user.length >= shortest && password.length <= 1 ? [valueOf(user)] : [])]
  }
  return [{ text, publicPart: { split: `${user}:`, shape: `${user}:` } }, valueOf(password)]
}

function withoutScheme(text: string): string {
  return text.replace(/^(?:basic|bearer|token|bot|apikey)\s+(?=\S)/i, '')
}

function unescaped(text: string): string {
  const bytes = Buffer.from(text, 'latin1')
  const target = Buffer.alloc(bytes.length)
  const length = new Unescaper().read(bytes, 0, bytes.length, target, {
    decodes: true,
    keepsBreaks: true,
    isOctal: false,
  })
  return target.toString('latin1', 0, length)
}

function tracesOf(text: string, { split, shape }: PublicPart): Value {
  const isWhole = text.startsWith(split)
  const unknown = isWhole && text.length - split.length >= shortest ? text.slice(split.length) : text
  const prefix = isWhole && shape.length >= minPrefix && text.length > shape.length ? shape : ''
  // Of a short one a window could be guessed. Where its beginning gives it away anyway, none is needed.
  const needsNone = unknown.length < 17 && isTelling(prefix)
  return { prefix, windows: needsNone ? [] : windowsOf(unknown), unit: endsWords(text) ? 'line' : 'word' }
}

/**
 * A percent sign may be the beginning of anything else, also of a byte that ends words.
 * The other two make of an ampersand before an echo a sign of a word, or not.
 */
function endsWords(text: string): boolean {
  return /[%#;]/.test(text) || Buffer.from(text, 'latin1').some((byte) => !(classes[byte]! & WORD))
}
