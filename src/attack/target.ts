import type { KeyOptions } from '../relay/keys/key.ts'
import type { KeyRule, Place } from '../relay/keys/key-rules.ts'
import type { Canary } from './canary.ts'

/** A request as an attacker writes it. It may violate the types. */
export type Wish = Record<string, unknown> & { url: string; headers?: Record<string, string>; data?: unknown }

/** One rule of a key, and a request that it allows. */
export interface Target {
  keyName: string
  /** The fake secret. */
  canary: string
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

/** Every rule of every key, with its canary. */
export function targetsOf(keys: Record<string, KeyOptions>, canaries: ReadonlyMap<string, Canary>): Target[] {
  return Object.entries(keys).flatMap(([keyName, key]) =>
    key.allow.map((rule) => targetOf(keyName, canaries.get(keyName)!, key.locked ?? true, rule)),
  )
}

const urlParts = /^(https?:)\/\/(\[[^\]]+\]|[^/:]+)(:\d+)?(\/.*)?$/

function targetOf(keyName: string, { value, ...format }: Canary, locked: boolean, rule: KeyRule): Target {
  const [, scheme = '', pattern = '', port = '', pathPattern = '/'] = urlParts.exec(rule.url) ?? []
  const places = placesOf(rule)
  const hasData = places.some((place) => place.startsWith('data#'))
  const methods = rule.methods.map((method) => method.toUpperCase())
  const method = (hasData ? methods.find(takesBody) : undefined) ?? methods.find((one) => one === 'POST') ?? methods[0]!
  const host = pattern.replace(/^\*/, 'shop')
  const path = examplePath(pathPattern, places)
  const url = `${scheme}//${host}${port}${path}`
  return {
    keyName,
    canary: value,
    format,
    locked,
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
    baseline: (change) => ({
      clientSecretName: keyName,
      url,
      method,
      ...bearers(places, takesBody(method)),
      ...change,
    }),
  }
}

/** The places of a rule, read from its text alone. */
export function placesOf(rule: KeyRule): readonly Place[] {
  return rule.in ?? (rule.url.includes('$CLIENT_SECRET') ? ['url.path'] : ['headers.authorization'])
}

const takesBody = (method: string) => ['POST', 'PUT', 'PATCH'].includes(method)

function examplePath(pattern: string, places: readonly Place[]): string {
  const path = pattern.replace('**', 'items/1').replace('*', 'one')
  const isMissing = places.includes('url.path') && !path.includes('$CLIENT_SECRET')
  return isMissing ? path.replace(/[^/]*$/, '$$CLIENT_SECRET') : path
}

/** Headers, params and data with the placeholder in each declared place. */
function bearers(places: readonly Place[], takesData: boolean): Partial<Wish> {
  const headers: Record<string, string> = {}
  const params: Record<string, string> = {}
  let data: Record<string, unknown> | undefined
  for (const place of places) {
    const [, kind, name = ''] = /^(headers\.|params\.|data#\/)?(.*)$/.exec(place)!
    if (kind === 'headers.') headers[name] = name === 'authorization' ? 'Bearer $CLIENT_SECRET' : '$CLIENT_SECRET'
    if (kind === 'params.') params[name] = '$CLIENT_SECRET'
    if (kind === 'data#/' && takesData) data = withValueAt(data ?? {}, name.split('/'), '$CLIENT_SECRET')
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
