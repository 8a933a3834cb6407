import { randomInt } from 'node:crypto'

/** A unique fake secret, and the public facts about its format. */
export interface Canary {
  value: string
  /** Its public beginning: a provider's prefix, a bot's id, an account. */
  publicPart: string
  /** The characters of the rest. */
  alphabet: string
}

const digits = '0123456789'
const hex = `${digits}abcdef`
const alphanumeric = `${digits}ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz`
const base64url = `${alphanumeric}-_`

/** Providers' key formats, with their public and unknown parts. */
const formats: (() => Canary)[] = [
  awkward,
  () => canary('sk-ant-api03-', base64url, 93, 'AA'),
  () => canary(`sk_live_51${some(14, alphanumeric)}`, alphanumeric, 83),
  () => canary('dop_v1_', hex, 64),
  () => canary('sk-proj-', base64url, 156),
  () => canary('', hex, 40),
  () => canary(`7${some(9, digits)}:AA`, base64url, 33),
  () => canary(`xoxb-1${some(12, digits)}-1${some(12, digits)}-`, alphanumeric, 24),
  () => canary(`SG.${some(22, base64url)}.`, base64url, 43),
]

/** @param index The index of the key. Each key gets another format. */
export function makeCanary(index = 0, publicPrefix?: string): Canary {
  if (publicPrefix !== undefined) return canary(publicPrefix, base64url, 48)
  return formats[index % formats.length]!()
}

/**
 * A secret that breaks careless code: `$&` expands in a replacement, quotes and
 * the backslash end strings, `& + / = %` change in a url, and `>>>???` become
 * `+` and `/` in base64 at any offset.
 */
function awkward(): Canary {
  const parts = ['sk-', `$&"'\\&`, '+/=%41', '<>>>???', '']
  const value = parts.join('@').replace(/@/g, () => some(8, hex))
  return { value, publicPart: 'sk-', alphabet: alphanumeric }
}

const canary = (publicPart: string, alphabet: string, length: number, end = ''): Canary => ({
  value: publicPart + some(length, alphabet) + end,
  publicPart,
  alphabet,
})

/** Random characters. */
export function some(length: number, alphabet: string): string {
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}
