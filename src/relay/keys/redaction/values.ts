import { inJson } from '../../common/in-json.ts'
import { classes, WORD } from './characters.ts'
import { isTelling, minPrefix } from './prefix-table.ts'
import { publicPartOf, type PublicPart } from './public-prefixes.ts'
import { all, Unescaper } from './unescape.ts'
import type { Traces } from './matcher.ts'
import { isGuessable, windowsOf } from './windows.ts'

/** A secret text, and its traces. */
export interface Value extends Traces {
  /** The unit to remove around a trace: the word; or the line or string, if the text has characters that end a word. */
  unit: 'word' | 'line' | 'string'
}

/** Shorter texts appear everywhere by chance. */
const shortest = 8

/** Quotes, backslashes and control characters have too many spellings to find all of them. */
// eslint-disable-next-line no-control-regex
const betweenPieces = /["\\\x00-\x1f]+/

/**
 * All texts that reveal a secret: the secret without the name of a scheme, its content if it is base64, and the password
 * of `user:password`; each also with its escapes decoded, as it is and as JSON writes it.
 */
export function valuesOf(secret: string, publicPrefix?: string): Value[] {
  const token = withoutScheme(secret)
  const prefix = publicPrefix === undefined ? undefined : withoutScheme(publicPrefix)
  return [valueOf(token, prefix), ...credentialsIn(token)].flatMap(({ text, publicPart }) =>
    // The decoder takes a backslash of the secret itself for another level of JSON.
    [...new Set([text, unescaped(text), unescaped(inJson(text))])].flatMap((spelled) => {
      const whole = spelled.replace(/=+$/, '')
      const pieces = whole.split(betweenPieces)
      const isString = pieces.length > 1
      return [...(isString ? [whole] : []), ...pieces]
        .filter(({ length }) => length >= shortest)
        .map((piece) => ({ ...tracesOf(piece, publicPart), ...(isString && { unit: 'string' as const }) }))
    }),
  )
}

/** Whether the unknown part of a secret is small enough to guess, through an API that echoes guesses. */
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

/** The content of a Basic value, which APIs decode and may show. */
function credentialsIn(token: string): Credential[] {
  if (!/^[A-Za-z0-9+/_-]{10,}=*$/.test(token)) return []
  const text = Buffer.from(token, 'base64').toString('latin1')
  if (!/^[\x20-\x7e]{8,}$/.test(text)) return []
  const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(text) ?? []
  if (password.length < shortest) {
    // Too short to search for alone. If the secret is the user name, as with Stripe, the user name is searched for.
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
  const length = new Unescaper().read(bytes, 0, bytes.length, target, all)
  return target.toString('latin1', 0, length)
}

function tracesOf(text: string, { split, shape }: PublicPart): Value {
  const isWhole = text.startsWith(split)
  const unknown = isWhole && text.length - split.length >= shortest ? text.slice(split.length) : text
  const prefix = isWhole && shape.length >= minPrefix && text.length > shape.length ? shape : ''
  // A window of a short text would be easy to guess. It needs none if its public beginning identifies it.
  const needsNone = unknown.length < 17 && isTelling(prefix)
  return {
    prefix,
    windows: needsNone ? [] : windowsOf(unknown),
    looksEscaped: /[%\\&]/.test(text),
    unit: endsWords(text) ? 'line' : 'word',
  }
}

/**
 * A percent sign may begin any other character, also one that ends a word. The other two decide whether an ampersand
 * before an echo belongs to a word.
 */
function endsWords(text: string): boolean {
  return /[%#;]/.test(text) || Buffer.from(text, 'latin1').some((byte) => !(classes[byte]! & WORD))
}
