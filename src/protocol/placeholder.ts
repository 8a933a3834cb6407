import { readHeader } from './basic-auth.ts'
import { ClientSecretError } from './errors.ts'

/** What a request carries where the secret belongs. */
export const placeholder = '$CLIENT_SECRET'

// A whole token: `$CLIENT_SECRET_2` and `$CLIENT_SECRETS` are other words. What may be the name of a value stands
// behind a dot; of a key that has one value only, it is a text like any other.
const token = /\$CLIENT_SECRET(?![A-Za-z0-9_])(?:\.([A-Za-z][A-Za-z0-9_]*))?/g

export function containsPlaceholder(text: string): boolean {
  return text.search(token) !== -1
}

/** The values of a key that has several, by name; undefined for what stays as it is. */
export type NamedValue = (name: string | undefined) => string | undefined

/** Puts `value` where the placeholder stands; or, by the name behind it, one of several. */
export function replacePlaceholder(text: string, value: string | NamedValue): string {
  // A function, because a replacement *text* would have its `$&` expanded.
  return text.replace(token, (whole: string, name: string | undefined) =>
    typeof value === 'string' ? value + whole.slice(placeholder.length) : (value(name) ?? whole),
  )
}

/** A place in which the placeholder stands, and the name that may stand behind it. */
export interface FoundPlaceholder {
  place: string
  name: string | undefined
}

/** The parts of a request that may hold the placeholder. */
export interface PlaceholderBearer {
  url: string
  headers?: Record<string, string> | undefined
  params?: Record<string, unknown> | undefined
  data?: Record<string, unknown> | undefined
}

/** An API wants its key once. Each placeholder stands for a text that may be much longer. */
const maxPlaceholders = 20
/** JSON that is nested deeper than this is refused, long before a stack runs out. */
const maxDepth = 100
/** Characters of the names that lead to a placeholder in `data`. No rule names a longer way. */
const maxPointerLength = 1_000

/**
 * Every place of a request in which the placeholder stands, once for each time
 * it does, in the words that a key's rule uses for it: `url.path`,
 * `headers.<name in lower case>`, `params.<name>` (also for the query in the url
 * itself), `data#<JSON pointer>`. In Basic it is found in base64 too. Looks at each
 * part once, and ends at the first mistake.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for too many of them, and for
 *   `data` that JSON cannot carry or that is nested too deep.
 */
export function findPlaceholders(request: PlaceholderBearer): FoundPlaceholder[] {
  const found: FoundPlaceholder[] = []
  const look = (text: string, placeOf: () => string) => {
    if (!text.includes(placeholder)) return
    // Written once for the text, which may hold thousands of them.
    let place: string | undefined
    for (const [, name] of text.matchAll(token)) {
      place ??= placeOf()
      if (found.push({ place, name }) > maxPlaceholders) throw tooMany(found[0]!.place)
    }
  }
  const url = new URL(request.url)
  look(url.pathname, () => 'url.path')
  for (const [name, value] of url.searchParams) look(value, () => `params.${name}`)
  for (const [name, value] of Object.entries(request.params ?? {})) {
    for (const one of [value].flat()) look(String(one), () => `params.${name}`)
  }
  for (const [name, value] of Object.entries(request.headers ?? {})) {
    look(readHeader(name, value).text, () => `headers.${name.toLowerCase()}`)
  }
  visitStrings(request.data ?? {}, (text, pointer) => look(text, () => `data#${pointer()}`))
  return found
}

function tooMany(path: string): ClientSecretError {
  return new ClientSecretError(
    'INVALID_PARAMETER',
    `$CLIENT_SECRET stands in the request more than ${maxPlaceholders} times. An API wants its key once; at most ${maxPlaceholders} are taken.`,
    { path },
  )
}

/**
 * Looks at every string of a JSON value, together with its JSON pointer (RFC
 * 6901), which is only written out for those that ask. Names of members are not
 * looked at.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for what JSON cannot carry.
 */
function visitStrings(value: unknown, visit: (text: string, pointer: () => string) => void): void {
  const path: (string | number)[] = []

  function look(item: unknown): void {
    if (typeof item === 'string') return visit(item, () => pointerOf(path))
    if (typeof item !== 'object' || item === null) return
    if (path.length === maxDepth) {
      throw new ClientSecretError(
        'INVALID_PARAMETER',
        `data is nested more than ${maxDepth} levels deep. Send flatter data.`,
        { path: 'data' },
      )
    }
    if (Array.isArray(item)) {
      for (let index = 0; index < item.length; index++) step(index, item[index])
      return
    }
    if (!isPlain(item)) {
      const place = `data#${pointerOf(path)}`
      throw new ClientSecretError(
        'INVALID_PARAMETER',
        `${place} is a ${item.constructor.name}, which JSON cannot carry. Send plain objects, lists, strings, numbers, booleans and null.`,
        { path: place },
      )
    }
    for (const name of Object.keys(item)) step(name, (item as Record<string, unknown>)[name])
  }

  function step(name: string | number, item: unknown): void {
    path.push(name)
    look(item)
    path.pop()
  }

  look(value)
}

function pointerOf(path: readonly (string | number)[]): string {
  const steps = path.map(String)
  const length = steps.reduce((sum, step) => sum + step.length + 1, 0)
  if (length <= maxPointerLength)
    return steps.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `It takes more than ${maxPointerLength} characters to name where $CLIENT_SECRET stands in data. Use shorter names, or fewer levels.`,
    { path: 'data' },
  )
}

/**
 * A JSON value in which the string at a JSON pointer was changed; only what leads
 * to it is copied. Where the pointer leads to no string, the value itself.
 */
export function changeAt(value: unknown, pointer: string, change: (text: string) => string): unknown {
  if (pointer === '') return typeof value === 'string' ? change(value) : value
  if (typeof value !== 'object' || value === null) return value
  const [, step = '', rest = ''] = /^\/([^/]*)(.*)$/s.exec(pointer) ?? []
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
  if (!Object.hasOwn(value, name)) return value
  const item = (value as Record<string, unknown>)[name]
  const changed = changeAt(item, rest, change)
  if (changed === item) return value
  // A computed name is defined, not assigned, so that a member called `__proto__` stays a member.
  return Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name]: changed }
}

/** An object literal, of any realm, or one that says itself how it is written as JSON, such as a Date. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null || 'toJSON' in value
}
