import type { Words } from '../../protocol/keys.ts'
import type { CompiledRule } from './key-rules.ts'
import type { Key } from './key.ts'

/** The callers of a key and the destinations of its secret, as sentences. */
export function describeKey(key: Pick<Key, 'locked' | 'limits' | 'rules' | 'token' | 'sign'>): Words {
  const exchange = exchangeInWords(key)
  const isSigned = key.sign !== undefined
  return {
    callers: sentence(callersInWords(key)),
    secret: exchange && sentence(`the key ${exchange}`),
    rules: key.rules.map((rule) => ({
      sentence: sentence(ruleInWords(rule)),
      warnings: wideInRule(rule, { isSigned }),
    })),
    warnings: [...wideForCallers(key), ...wideForToken(key)],
  }
}

/** What the relay makes of the secret and sends instead; completes "the key". */
export function exchangeInWords({ token, sign }: Pick<Key, 'token' | 'sign'>): string | undefined {
  if (sign) return 'signs calls with its secret, which stays in the relay'
  if (!token) return undefined
  if (token.url === undefined) return 'signs a token with its secret, which stays in the relay'
  return `is exchanged at ${token.url} for a token (${token.grant})`
}

export function wideForToken({ token }: Pick<Key, 'token'>): string[] {
  return token?.allowPrivateNetwork ? ['Its token comes from an address of your own network.'] : []
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

/** The destination of a rule, such as "by POST to https://api.openai.com, to any path below /v1/, in the header authorization". */
export function ruleInWords(rule: CompiledRule): string {
  return `by ${list(rule.methods, 'or')} to ${originOf(rule)}, ${pathInWords(rule)}, ${placesInWords(rule)}`
}

function placesInWords({ places, placesByName }: CompiledRule): string {
  const inWords = (some: readonly string[]) => `in ${list(some.map(placeInWords), 'or in')}`
  if (!placesByName) return inWords(places)
  return list(
    [...placesByName].map(([name, some]) => `its ${name} ${inWords(some)}`),
    'and',
  )
}

/** Warnings for a rule that may be wider than intended; empty for a narrow rule. */
export function wideInRule(rule: CompiledRule, { isSigned = false } = {}): string[] {
  const origin = originOf(rule)
  const domain = rule.host.slice(1).join('.')
  return [
    rule.host[0] === '*' &&
      `Any owner of a name below ${domain} can get the secret. Keep the wildcard only if all names below ${domain} are yours.`,
    rule.segments.at(-1) === '**' &&
      rule.segments.slice(0, -1).every((segment) => segment === '*') &&
      `${rule.segments.length === 1 ? 'Every' : 'Almost every'} path of ${origin} is allowed. Name the part of the API that your pages use, such as ${origin}/v1/items/**.`,
    rule.methods.includes('DELETE') && 'DELETE is allowed, so every caller of this key can delete data of its account.',
    rule.methods.includes('GET') &&
      rule.segments.at(-1) === '**' &&
      'GET of a whole part of the API is allowed, so every caller of this key can read data of its account.',
    rule.places.some((place) => place.startsWith('data#')) &&
      `The secret goes into a body. Make sure that the API does not store or show the field ${list(
        rule.places.filter((place) => place.startsWith('data#')).map((place) => place.slice('data#'.length)),
        'or',
      )}.`,
    // A signature is good for one call.
    !isSigned &&
      rule.places.some((place) => place.startsWith('params.')) &&
      'The secret goes into a query string, which servers and proxies write into their logs. Prefer a header if the API takes one.',
    rule.places.includes('url.path') &&
      !rule.segments.some((segment) => segment.includes('$CLIENT_SECRET')) &&
      'The secret may be anywhere in the path. Write $CLIENT_SECRET where it belongs in the url of the rule.',
    rule.protocol === 'http:' && 'The secret travels unencrypted.',
    rule.allowPrivateNetwork && 'Addresses of this machine and its network are allowed.',
    rule.retryable &&
      rule.methods.some((method) => method === 'POST' || method === 'PATCH') &&
      'The relay repeats an interrupted POST or PATCH, which is safe only if the API supports Idempotency-Key.',
    rule.stream &&
      rule.places.some((place) => /^(params\.|data#)/.test(place)) &&
      'Answers stream although the API may show the secret, and an API that shows it in small pieces may show some of it.',
  ].filter((warning) => warning !== false)
}

/** The callers of a key, and its limits. */
export function callersInWords({ locked, limits }: Pick<Key, 'locked' | 'limits'>): string {
  const bounds = [
    limits.requestsPerMinute && `${limits.requestsPerMinute} requests a minute`,
    limits.unsettled && `${limits.unsettled} unsettled requests`,
    limits.bytesPerDay && `${limits.bytesPerDay} bytes a day`,
  ].filter(Boolean)
  return `${locked ? 'signed-in users only' : 'every visitor, signed in or not'}${bounds.length > 0 ? `, together at most ${bounds.join(', ')}` : ''}`
}

export function wideForCallers({ locked, limits }: Pick<Key, 'locked' | 'limits'>): string[] {
  return locked || limits.requestsPerMinute !== undefined
    ? []
    : [
        'Every visitor may use the key as often as they like: a new session resets the limit of one visitor. Limit its requests a minute (limits.requestsPerMinute), or lock it.',
      ]
}

function originOf({ protocol, host, port }: CompiledRule): string {
  return `${protocol}//${host.join('.')}${port && `:${port}`}`
}

function pathInWords({ segments }: CompiledRule): string {
  const fixed = segments.at(-1) === '**' ? segments.slice(0, -1) : segments
  const path = `/${fixed.join('/')}`
  const part = fixed.some((segment) => segment.startsWith('*:')) ? 'any text without a slash' : 'any one segment'
  const stars = fixed.some((segment) => segment.startsWith('*')) ? `, where * is ${part}` : ''
  if (fixed.length === segments.length) return `to ${path}${stars}`
  return fixed.length === 0 ? 'to any path' : `to any path below ${path}/${stars}`
}

function placeInWords(place: string): string {
  const [kind, name] = [place.slice(0, place.search(/[.#]/)), place.slice(place.search(/[.#]/) + 1)]
  if (kind === 'headers') return `the header ${name}`
  if (kind === 'params') return `the query parameter ${name}`
  return kind === 'data' ? `the field ${name} of the body` : 'the path'
}

function list(items: readonly string[], last: string): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${last} ${items.at(-1)}`
}
