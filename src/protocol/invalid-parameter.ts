import { ClientSecretError } from './errors.ts'

/** @throws ClientSecretError `INVALID_PARAMETER` with the field, the expectation and the value found. */
export function mustBe(isMet: boolean, path: string, expectation: string, found: unknown): asserts isMet {
  if (isMet) return
  throw invalid(path, `${mismatch(path || 'The request', expectation, found)}.`)
}

/** What is expected, and what was found, in a request or in the options of a relay; without a full stop. */
export function mismatch(subject: string, expectation: string, found: unknown): string {
  return `${subject} must be ${expectation}; it is ${shown(found)}`
}

export function invalid(path: string, sentence: string): ClientSecretError {
  return new ClientSecretError('INVALID_PARAMETER', sentence, { path })
}

/** A value for an error message: short, or its type where the type is the mistake. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing or undefined'
  if (typeof value === 'string') return JSON.stringify(abridged(value))
  if (Array.isArray(value)) return 'a list'
  if (isObject(value))
    return `a${value instanceof Object && typeof value.constructor === 'function' && value.constructor !== Object ? ` ${value.constructor.name}` : 'n object'}`
  return typeof value === 'function' ? 'a function' : String(value)
}

/** At most so many characters of a text. */
export function abridged(text: string, max = 60): string {
  return text.length > max ? `${text.slice(0, max)}…` : text
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
