import { ClientSecretError } from './errors.ts'

/** What a request carries where the secret belongs. */
export const placeholder = '$CLIENT_SECRET'

// A whole token: `$CLIENT_SECRET_2` and `$CLIENT_SECRETS` are other words.
const token = /\$CLIENT_SECRET(?![A-Za-z0-9_])/g

export function containsPlaceholder(text: string): boolean {
  return text.search(token) !== -1
}

/** Puts `value` where the placeholder stands. */
export function replacePlaceholder(text: string, value: string): string {
  // A function, because a replacement *text* would have its `$&` expanded.
  return text.replace(token, () => value)
}

/** The parts of a request that may hold the placeholder. */
export interface PlaceholderBearer {
  url: string
  headers?: Record<string, string> | undefined
  params?: Record<string, unknown> | undefined
  data?: Record<string, unknown> | undefined
}

/**
 * Every place of a request in which the placeholder stands, once for each time
 * it does, in the words that a key's rule uses for it: `url.path`,
 * `headers.<name in lower case>`, `params.<name>` (also for the query in the url
 * itself), `data#<JSON pointer>`.
 */
export function findPlaceholders(request: PlaceholderBearer): string[] {
  const places: string[] = []
  const look = (text: string, place: string) => {
    for (const _ of text.matchAll(token)) places.push(place)
    return text
  }
  const url = new URL(request.url)
  look(url.pathname, 'url.path')
  for (const [name, value] of url.searchParams) look(value, `params.${name}`)
  for (const [name, value] of Object.entries(request.params ?? {})) {
    for (const one of [value].flat()) look(String(one), `params.${name}`)
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) look(value, `headers.${name.toLowerCase()}`)
  mapStrings(request.data ?? {}, (text, pointer) => look(text, `data#${pointer}`))
  return places
}

/** JSON that is nested deeper than this is refused, long before a stack runs out. */
export const deepestNesting = 100

/**
 * A copy of a JSON value in which every string was passed through `change`,
 * together with its JSON pointer (RFC 6901). Names of members are left alone.
 */
export function mapStrings(
  value: unknown,
  change: (text: string, pointer: string) => string,
  pointer = '',
  depth = 0,
): unknown {
  if (depth > deepestNesting) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `data is nested more than ${deepestNesting} levels deep. Send flatter data.`,
      { path: 'data' },
    )
  }
  if (typeof value === 'string') return change(value, pointer)
  if (Array.isArray(value))
    return value.map((item, index) => mapStrings(item, change, `${pointer}/${index}`, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  if (!isPlain(value)) {
    const path = `data#${pointer}`
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `${path} is a ${value.constructor.name}, which JSON cannot carry. Send plain objects, lists, strings, numbers, booleans and null.`,
      { path },
    )
  }
  // Entries are defined, not assigned, so that a member called `__proto__` stays a member.
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      mapStrings(item, change, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1),
    ]),
  )
}

/** An object literal, of any realm, or one that says itself how it is written as JSON, such as a Date. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null || 'toJSON' in value
}
