import { readHeader } from './basic-auth.ts'
import { ClientSecretError } from './errors.ts'

/** A request contains this text in place of the secret. */
export const placeholder = '$CLIENT_SECRET'

// A whole word: `$CLIENT_SECRET_2` and `$CLIENT_SECRETS` do not match. The name of a value may follow a dot. For a key
// with a single value, that name is ordinary text.
const token = /\$CLIENT_SECRET(?![A-Za-z0-9_])(?:\.([A-Za-z][A-Za-z0-9_]*))?/g

export function containsPlaceholder(text: string): boolean {
  return text.search(token) !== -1
}

/** Returns the value with this name, for a key with several. Undefined leaves the placeholder unchanged. */
export type NamedValue = (name: string | undefined) => string | undefined

/** Replaces the placeholder with `value`, or with the value of the name after it. */
export function replacePlaceholder(text: string, value: string | NamedValue): string {
  // A function, because `$&` would expand in a replacement text.
  return text.replace(token, (whole: string, name: string | undefined) =>
    typeof value === 'string' ? value + whole.slice(placeholder.length) : (value(name) ?? whole),
  )
}

/** A place of the placeholder, and the name after it, if any. */
export interface FoundPlaceholder {
  place: string
  name: string | undefined
}

/** The parts of a request that may contain the placeholder. */
export interface PlaceholderBearer {
  url: string
  headers?: Record<string, string> | undefined
  params?: Record<string, unknown> | undefined
  data?: unknown
}

/** An API needs its key once. Each placeholder may become a much longer text. */
const maxPlaceholders = 20
/** The deepest JSON, far below the limit of the call stack. */
const maxDepth = 100
/** Characters of the path to a placeholder in `data`. No rule has a longer one. */
const maxPointerLength = 1_000

/**
 * The place of each placeholder in a request, named as in a key's rule: `url.path`,
 * `headers.<name in lower case>`, `params.<name>` (also for the query in the url),
 * `data#<JSON pointer>`. Also finds it in the base64 of Basic.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for too many placeholders, and for
 *   `data` that JSON cannot carry or that is nested too deep.
 */
export function findPlaceholders(request: PlaceholderBearer): FoundPlaceholder[] {
  const found: FoundPlaceholder[] = []
  const look = (text: string, placeOf: () => string) => {
    if (!text.includes(placeholder)) return
    // Built once for each text, which may contain thousands of placeholders.
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
  visitStrings(request.data, (text, pointer) => look(text, () => `data#${pointer()}`))
  return found
}

function tooMany(path: string): ClientSecretError {
  return new ClientSecretError(
    'INVALID_PARAMETER',
    `The request contains $CLIENT_SECRET more than ${maxPlaceholders} times. An API needs its key once; write at most ${maxPlaceholders}.`,
    { path },
  )
}

/**
 * Visits every string of a JSON value, with a function for its JSON pointer (RFC
 * 6901). Ignores the names of members.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for a value that JSON cannot carry.
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
    `The path to $CLIENT_SECRET in data has more than ${maxPointerLength} characters. Use shorter names, or fewer levels.`,
    { path: 'data' },
  )
}

/**
 * Changes the string at a JSON pointer, and copies only the objects on the way to it.
 * Returns the same value if the pointer leads to no string.
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

/** True for an object literal of any realm, and for an object with `toJSON`, such as a Date. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null || 'toJSON' in value
}
