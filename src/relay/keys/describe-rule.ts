import type { Words } from '../../protocol/keys.ts'
import type { CompiledRule } from './key-rules.ts'
import type { Key } from './key.ts'

/** Who may use a key and where its secret can go, as sentences for a person. */
export function describeKey(key: Pick<Key, 'locked' | 'limits' | 'rules'>): Words {
  return {
    callers: sentence(callersInWords(key)),
    rules: key.rules.map((rule) => ({ sentence: sentence(ruleInWords(rule)), warnings: wideInRule(rule) })),
    warnings: wideForCallers(key),
  }
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

/** Says where a rule lets a secret go, such as "by POST to https://api.openai.com, to any path below /v1/, in the header authorization". */
export function ruleInWords(rule: CompiledRule): string {
  return `by ${list(rule.methods, 'or')} to ${originOf(rule)}, ${pathInWords(rule)}, in ${list(rule.places.map(placeInWords), 'or in')}`
}

/** What is wider than an operator may have meant; empty for a rule that is narrow. */
export function wideInRule(rule: CompiledRule): string[] {
  const origin = originOf(rule)
  const domain = rule.host.slice(1).join('.')
  return [
    rule.host[0] === '*' &&
      `Whoever can get a name below ${domain} gets the secret. Keep the wildcard only if every such name is yours.`,
    rule.segments.at(-1) === '**' &&
      rule.segments.slice(0, -1).every((segment) => segment === '*') &&
      `${rule.segments.length === 1 ? 'Every' : 'Almost every'} path of ${origin} is allowed. Name the part of the API that your pages use, such as ${origin}/v1/items/**.`,
    rule.methods.includes('DELETE') &&
      'DELETE is allowed, so whoever may use this key can remove what the account holds there.',
    rule.methods.includes('GET') &&
      rule.segments.at(-1) === '**' &&
      'GET of a whole part of the API is allowed, so whoever may use this key can read what the account holds there.',
    rule.places.some((place) => place.startsWith('data#')) &&
      `The secret goes into a body. Make sure that the API does not store or show the field ${list(
        rule.places.filter((place) => place.startsWith('data#')).map((place) => place.slice('data#'.length)),
        'or',
      )}.`,
    rule.places.some((place) => place.startsWith('params.')) &&
      'The secret goes into a query string, which servers and proxies write into their logs. Prefer a header if the API takes one.',
    rule.places.includes('url.path') &&
      !rule.segments.some((segment) => segment.includes('$CLIENT_SECRET')) &&
      'The secret may stand anywhere in the path. Write $CLIENT_SECRET into the url of the rule where it belongs.',
    rule.protocol === 'http:' && 'The secret travels unencrypted.',
    rule.allowPrivateNetwork && 'Addresses of this machine and its network are allowed.',
    rule.retryable &&
      rule.methods.some((method) => method === 'POST' || method === 'PATCH') &&
      'A POST or PATCH that was interrupted is sent again, which is safe only where the API knows Idempotency-Key.',
    rule.stream &&
      rule.places.some((place) => /^(params\.|data#)/.test(place)) &&
      'Answers stream though the secret goes where an API may show it: one that spells it out in pieces of another form than text shows it.',
  ].filter((warning) => warning !== false)
}

/** Who may use a key, and how much. */
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
        'Every visitor may use it as often as they like: a limit for one visitor is got round with a new session. Limit its requests a minute (limits.requestsPerMinute), or lock it.',
      ]
}

function originOf({ protocol, host, port }: CompiledRule): string {
  return `${protocol}//${host.join('.')}${port && `:${port}`}`
}

function pathInWords({ segments }: CompiledRule): string {
  const fixed = segments.at(-1) === '**' ? segments.slice(0, -1) : segments
  const path = `/${fixed.join('/')}`
  const stars = fixed.includes('*') ? ', where * is any one segment' : ''
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
