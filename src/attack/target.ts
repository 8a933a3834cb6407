import type { KeyRule, Place } from '../relay/keys/key-rules.ts'
import type { Canary } from './canary.ts'

/** A request as an attacker writes it. It may violate the types. */
export type Wish = Record<string, unknown> & { url: string; headers?: Record<string, string>; data?: unknown }

/** One rule of a key, and a request that it allows. */
export interface Target {
  keyName: string
  /** The name of the key, and of the value for a key with several. */
  title: string
  /** The placeholder of this value. Vectors may write `$CLIENT_SECRET` in a change of the baseline. */
  placeholder: string
  /** The fake secret, or the fake token that the relay sends in its place. */
  canary: string
  /** The other canaries of the key. */
  siblings: readonly string[]
  /** The secret of a signature: the placeholder becomes the signature, and no call has the secret. */
  isNeverSent: boolean
  /** The canary's format, which an attacker knows. */
  format: Omit<Canary, 'value'>
  locked: boolean
  rule: KeyRule
  places: readonly Place[]
  /** `https:` or `http:`. */
  scheme: string
  /** The host, or an example for a rule with a wildcard. */
  host: string
  isWildcard: boolean
  /** Including the colon, or empty. */
  port: string
  path: string
  /** The number of path segments before the rule's first wildcard. */
  fixedSegments: number
  method: string
  /** Whether the method has a body. */
  hasBody: boolean
  url: string
  /** A new request that the rule allows, with these changes. */
  baseline(change?: Partial<Wish>): Wish
}

const urlParts = /^(https?:)\/\/(\[[^\]]+\]|[^/:]+)(:\d+)?(\/.*)?$/

/** What a target has from its key. */
interface OfKey extends Pick<Target, 'keyName' | 'title' | 'siblings' | 'isNeverSent' | 'locked'> {
  valueName: string
  /** The names of all values. */
  valueNames: readonly string[]
}

export function targetOf(
  rule: KeyRule,
  { value, ...format }: Canary,
  { valueName, valueNames, ...ofKey }: OfKey,
): Target {
  const [, scheme = '', pattern = '', port = '', pathPattern = '/'] = urlParts.exec(rule.url) ?? []
  const places = placesOf(rule, valueName)
  const placeholder = placeholderOf(valueName)
  const hasData = places.some((place) => place.startsWith('data#'))
  const methods = rule.methods.map((method) => method.toUpperCase())
  const method = (hasData ? methods.find(takesBody) : undefined) ?? methods.find((one) => one === 'POST') ?? methods[0]!
  const host = pattern.replace(/^\*/, 'shop')
  const path = examplePath(pathPattern, places)
  const url = `${scheme}//${host}${port}${path}`
  // The other values go to their own places.
  const filled = new Map(
    [...valueNames, valueName].flatMap((name) => placesOf(rule, name).map((place) => [place, name])),
  )
  const start = {
    clientSecretName: ofKey.keyName,
    url,
    method,
    ...bearers(filled, takesBody(method)),
  }
  return {
    ...ofKey,
    placeholder,
    canary: value,
    format,
    rule,
    places,
    scheme,
    host,
    isWildcard: pattern.startsWith('*'),
    port,
    path,
    fixedSegments: pathPattern
      .split('/')
      .slice(1)
      .findIndex((segment) => segment.includes('*')),
    method,
    hasBody: takesBody(method),
    url,
    baseline: (change) => named({ ...start, ...change }, placeholder, valueNames),
  }
}

const placeholderOf = (valueName: string) => (valueName ? `$CLIENT_SECRET.${valueName}` : '$CLIENT_SECRET')

/** The request with the placeholder of a value in place of `$CLIENT_SECRET`. */
function named(request: Wish, placeholder: string, valueNames: readonly string[]): Wish {
  if (placeholder === '$CLIENT_SECRET') return request
  const unnamed = new RegExp(`\\$CLIENT_SECRET(?!\\w|\\.(${valueNames.join('|')})\\b)`, 'g')
  return JSON.parse(JSON.stringify(request).replace(unnamed, () => placeholder)) as Wish
}

/** The places of a value, read from the text of the rule alone. */
function placesOf(rule: KeyRule, valueName: string): readonly Place[] {
  if (rule.inEach) return rule.inEach[valueName] ?? []
  return rule.in ?? (rule.url.includes('$CLIENT_SECRET') ? ['url.path'] : ['headers.authorization'])
}

const takesBody = (method: string) => ['POST', 'PUT', 'PATCH'].includes(method)

function examplePath(pattern: string, places: readonly Place[]): string {
  const path = pattern.replace('**', 'items/1').replace('*', 'one')
  const isMissing = places.includes('url.path') && !path.includes('$CLIENT_SECRET')
  return isMissing ? path.replace(/[^/]*$/, '$$CLIENT_SECRET') : path
}

/** Headers, params and data with a placeholder in each declared place. */
function bearers(filled: ReadonlyMap<Place, string>, takesData: boolean): Partial<Wish> {
  const headers: Record<string, string> = {}
  const params: Record<string, string> = {}
  let data: Record<string, unknown> | undefined
  for (const [place, valueName] of filled) {
    const placeholder = placeholderOf(valueName)
    const [, kind, name = ''] = /^(headers\.|params\.|data#\/)?(.*)$/.exec(place)!
    if (kind === 'headers.') headers[name] = name === 'authorization' ? `Bearer ${placeholder}` : placeholder
    if (kind === 'params.') params[name] = placeholder
    if (kind === 'data#/' && takesData) data = withValueAt(data ?? {}, name.split('/'), placeholder)
  }
  return {
    headers,
    ...(Object.keys(params).length > 0 && { params }),
    ...(data && { data }),
  }
}

/** A copy with the value at this JSON pointer. Creates missing objects. */
export function withValueAt(object: object, [step = '', ...rest]: string[], value: unknown): Record<string, unknown> {
  const name = step.replaceAll('~1', '/').replaceAll('~0', '~')
  const inner = (object as Record<string, unknown>)[name]
  return { ...object, [name]: rest.length > 0 ? withValueAt((inner as object) ?? {}, rest, value) : value }
}
