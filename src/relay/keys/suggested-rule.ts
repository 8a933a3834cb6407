import { inJson } from '../common/in-json.ts'
import { findPlaceholders } from '../../protocol/placeholder.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'

/** The fields of a rule that a request determines. */
export interface SuggestedRule {
  url: string
  methods: ClientSecretRequest['method'][]
  in?: string[]
  inEach?: Record<string, string[]>
  allowPrivateNetwork?: boolean
}

/**
 * The narrowest rule that allows a request, as the text for a config. Null for a url with `*`, which a rule reads as any
 * text: a caller could have it suggested, and the rule would allow more than the request.
 *
 * @param hasNames Whether the key has several values.
 */
export function suggestRule(
  request: ClientSecretRequest,
  hasNames: boolean,
): { rule: SuggestedRule; text: string } | null {
  const { protocol, origin, pathname } = new URL(request.url)
  if (`${origin}${pathname}`.includes('*')) return null
  const found = findPlaceholders(request)
  const places = [...new Set(found.map(({ place }) => place))]
  const names = [...new Set(found.map(({ name }) => name ?? ''))]
  const inEach = names.map((name): [string, string[]] => [
    name,
    places.filter((place) => found.some((one) => one.place === place && one.name === name)),
  ])
  // The place that a rule has without words.
  const isDefault = places.join() === (pathname.includes('$CLIENT_SECRET') ? 'url.path' : 'headers.authorization')
  const rule: SuggestedRule = {
    url: origin + pathname,
    methods: [request.method],
    ...(hasNames ? { inEach: Object.fromEntries(inEach) } : !isDefault && { in: places }),
    ...(protocol === 'http:' && { allowPrivateNetwork: true }),
  }
  return { rule, text: literal(rule) }
}

/** A value as people write it in a config. */
export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? quoted(value) : String(value)
  const members = Object.entries(value).map(
    ([name, one]) => `${/^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name)}: ${literal(one)}`,
  )
  return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`
}

function quoted(text: string): string {
  return `'${inJson(text).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}
