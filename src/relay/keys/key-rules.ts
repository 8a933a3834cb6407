import { ClientSecretError } from '../../protocol/errors.ts'
import {
  containsPlaceholder,
  findPlaceholders,
  placeholder,
  type FoundPlaceholder,
} from '../../protocol/placeholder.ts'
import { methods, type ClientSecretRequest, type Method } from '../../protocol/request.ts'
import { startContext, configError, type ErrorContext } from '../common/config-error.ts'

/** Where in a request a secret may be put. */
export type Place = `headers.${string}` | `params.${string}` | `data#/${string}` | 'url.path'

/** One way a key may be used. What no rule allows is refused. */
export interface KeyRule {
  /**
   * Where the secret may go. Scheme, host and port are compared exactly; `*` is
   * one segment of the path, a last `**` the rest of it, and `*.` before a host
   * one label. A segment may hold the placeholder: `https://api.telegram.org/bot$CLIENT_SECRET/*`.
   */
  url: string
  /** Any letter case. */
  methods: (Method | Lowercase<Method>)[]
  /** In which places of the request. Default: `['headers.authorization']`, or `['url.path']` where the url of the rule holds the placeholder. */
  in?: Place[] | undefined
  /**
   * In place of `in`, for a key of several values: the places of each, by its name. One that is not named has none.
   * `{ id: ['headers.x-app-id'], key: ['headers.x-api-key'] }`
   */
  inEach?: Record<string, Place[]> | undefined
  /** Also `http:` and addresses of this machine and network. Default: false. */
  allowPrivateNetwork?: boolean | undefined
  /** A POST or PATCH that was interrupted may be sent again. Default: false. */
  retryable?: boolean | undefined
}

/** A rule, checked and taken apart once at the start. */
export interface CompiledRule {
  protocol: string
  /** Labels of the host, the first perhaps `*`. */
  host: string[]
  port: string
  segments: string[]
  methods: readonly Method[]
  places: readonly string[]
  /** Of a key of several values: the places of each, by its name. */
  placesByName?: ReadonlyMap<string, readonly string[]>
  allowPrivateNetwork: boolean
  retryable: boolean
}

const defaultPlaces: readonly Place[] = ['headers.authorization']
const ruleFields = ['url', 'methods', 'in', 'inEach', 'allowPrivateNetwork', 'retryable']
const placePattern = /^(headers\.[!#$%&'*+.^_`|~0-9A-Za-z-]+|params\..+|data#\/.*|url\.path)$/

/**
 * Reads a rule of the configuration, or of a form.
 *
 * @param names Of the values of a key that has several.
 * @throws ClientSecretError `INVALID_PARAMETER` with a sentence for the operator, and the path of the field.
 */
export function compileRule(
  rule: KeyRule,
  path: string,
  telling: ErrorContext = startContext(path),
  names?: readonly string[],
): CompiledRule {
  const refuse: Refuse = (problem, field) => {
    throw configError(telling, problem, field)
  }
  if (typeof rule !== 'object' || rule === null)
    return refuse('is no rule. A rule is an object such as { url, methods }.')
  const unknown = Object.keys(rule).find((name) => !ruleFields.includes(name))
  if (unknown !== undefined)
    return refuse(`has a field "${unknown}", which no rule has. The fields are ${ruleFields.join(', ')}.`)
  // A host of `*` parses, so the pattern is read with the same parser as the urls it is compared with.
  if (typeof rule.url !== 'string' || !URL.canParse(rule.url))
    return refuse(
      `has the url ${JSON.stringify(rule.url)}, which is no url. Write one such as "https://api.example.com/v1/**".`,
      'url',
    )
  const url = new URL(rule.url)
  const host = url.hostname.split('.')
  if (url.hostname.endsWith('.'))
    return refuse(`has the url "${rule.url}". Write the host without the dot at its end.`, 'url')
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return refuse(`has the url "${rule.url}". Begin it with https://.`, 'url')
  if (url.protocol === 'http:' && !rule.allowPrivateNetwork) {
    return refuse(
      `has the url "${rule.url}", which would send the secret unencrypted. Use https://; or, for a service on your own network, set allowPrivateNetwork: true in this rule.`,
      'url',
    )
  }
  if (url.hostname === '*' || (host[0] === '*' && host.length < 3)) {
    return refuse(
      `has the url "${rule.url}", which would let the secret go to hosts of other people. Name the host, such as "https://api.example.com/v1/**"; a wildcard may stand for one label before a domain of yours, as in "https://*.example.com/**".`,
      'url',
    )
  }
  if (host.slice(1).some((label) => label.includes('*')) || (host[0]?.includes('*') && host[0] !== '*')) {
    return refuse(
      `has the url "${rule.url}". In a host, * stands only for the whole first label, as in "https://*.example.com/**".`,
      'url',
    )
  }
  if (url.username || url.password || url.search || url.hash)
    return refuse(
      `has the url "${rule.url}". Write it without user name, query and fragment; queries are named in "in", as params.<name>.`,
      'url',
    )
  const segments = segmentsOf(url.pathname)
  const rest = segments.indexOf('**')
  if (rest !== -1 && rest !== segments.length - 1)
    return refuse(`has the url "${rule.url}". ** stands for the rest of the path and so comes last.`, 'url')
  if (segments.some((segment) => segment.includes('*') && segment !== '*' && segment !== '**')) {
    return refuse(`has the url "${rule.url}". * stands for a whole segment of the path, such as /v1/*/items.`, 'url')
  }
  if (!Array.isArray(rule.methods) || rule.methods.length === 0)
    return refuse(`has no methods. Name them, such as methods: ['POST'].`, 'methods')
  const named = rule.methods.map((method) => String(method).toUpperCase() as Method)
  const unknownMethod = named.find((method) => !methods.includes(method))
  if (unknownMethod !== undefined)
    return refuse(`has the method ${JSON.stringify(unknownMethod)}. The methods are ${methods.join(', ')}.`, 'methods')
  const wrongFlag = (['allowPrivateNetwork', 'retryable'] as const).find(
    (name) => !['boolean', 'undefined'].includes(typeof rule[name]),
  )
  if (wrongFlag) return refuse(`has ${wrongFlag}: ${JSON.stringify(rule[wrongFlag])}. Write true or false.`, wrongFlag)
  const given = rule.in ?? (segments.some(containsPlaceholder) ? ['url.path' as const] : defaultPlaces)
  const placesByName = names && readPlacesByName(rule, given, names, refuse)
  if (!names && rule.inEach !== undefined)
    return refuse('has inEach, and its key has one value only. Write its places in "in".', 'inEach')
  const places = placesByName ? [...new Set([...placesByName.values()].flat())] : readPlaces(given, 'in', refuse)
  return {
    protocol: url.protocol,
    host,
    port: url.port,
    segments,
    methods: named,
    places,
    ...(placesByName && { placesByName }),
    allowPrivateNetwork: rule.allowPrivateNetwork ?? false,
    retryable: rule.retryable ?? false,
  }
}

type Refuse = (problem: string, field?: string) => never

function readPlaces(places: unknown, field: string, refuse: Refuse): string[] {
  if (!(places instanceof Array))
    return refuse(
      `has an "${field}" that is no list. Write a list of places, such as ${field}: ['headers.x-api-key'].`,
      field,
    )
  const unknownPlace: unknown = places.find((place) => typeof place !== 'string' || !placePattern.test(place))
  if (places.length === 0 || unknownPlace !== undefined) {
    return refuse(
      `names ${unknownPlace === undefined ? 'no place' : `the place ${JSON.stringify(unknownPlace)}`} in "${field}". Places are headers.<name>, params.<name>, data#/<JSON pointer> and url.path.`,
      field,
    )
  }
  return (places as string[]).map((place) => (place.startsWith('headers.') ? place.toLowerCase() : place))
}

function readPlacesByName(
  { in: places, inEach }: KeyRule,
  given: readonly Place[],
  names: readonly string[],
  refuse: Refuse,
): ReadonlyMap<string, readonly string[]> {
  if (inEach === undefined) return new Map(names.map((name) => [name, readPlaces(given, 'in', refuse)]))
  if (places !== undefined) return refuse('has both in and inEach. Write one of them.', 'inEach')
  if (typeof inEach !== 'object' || inEach === null || Object.keys(inEach).length === 0)
    return refuse(`has an inEach that names no value. Write the places of each of ${names.join(', ')}.`, 'inEach')
  const unknown = Object.keys(inEach).find((name) => !names.includes(name))
  if (unknown !== undefined)
    return refuse(`has places for "${unknown}" in inEach. The values of its key are ${names.join(', ')}.`, 'inEach')
  return new Map(Object.entries(inEach).map(([name, list]) => [name, readPlaces(list, `inEach.${name}`, refuse)]))
}

/**
 * The rule that lets this request use the key.
 *
 * @throws ClientSecretError `NOT_ALLOWED`, saying whether it is the url, the
 *   method or a place that no rule allows.
 */
export function findRule(keyName: string, rules: readonly CompiledRule[], request: ClientSecretRequest): CompiledRule {
  const url = new URL(request.url)
  const refuse = (what: string, path: string) =>
    new ClientSecretError(
      'NOT_ALLOWED',
      `The key "${keyName}" may not be used ${what}. If it should, the relay's configuration needs a rule for it under keys.${keyName}.allow.`,
      { path },
    )

  const segments = plainSegments(url)
  const forUrl = segments
    ? rules.filter((rule) => matchesOrigin(rule, url) && matchesPath(rule.segments, segments))
    : []
  if (forUrl.length === 0) throw refuse(`at ${url.origin}${url.pathname}`, 'url')
  const forMethod = forUrl.filter((rule) => rule.methods.includes(request.method))
  if (forMethod.length === 0) throw refuse(`with ${request.method} at ${url.origin}${url.pathname}`, 'method')
  const found = findPlaceholders(request)
  const rule = forMethod.find((candidate) => found.every((one) => isPlaceOf(candidate, one)))
  if (rule) return rule
  const wrong = found.find((one) => !forMethod.some((candidate) => isPlaceOf(candidate, one)))
  if (wrong) {
    const names = [...(forMethod[0]!.placesByName?.keys() ?? [])]
    if (names.length > 0 && !names.includes(wrong.name ?? '')) throw unknownName(keyName, wrong, names)
    throw refuse(`in ${wrong.place}`, wrong.place)
  }
  const places = [...new Set(found.map(({ place }) => place))].join(' and ')
  throw refuse(`in ${places}`, places)
}

/** Whether the value that is meant may stand in this place. */
function isPlaceOf({ places, placesByName }: CompiledRule, { place, name }: FoundPlaceholder): boolean {
  if (!placesByName) return places.includes(place)
  return name !== undefined && (placesByName.get(name)?.includes(place) ?? false)
}

function unknownName(keyName: string, { place, name }: FoundPlaceholder, names: readonly string[]): ClientSecretError {
  const said = name === undefined ? 'names none of them' : `names "${name.slice(0, 60)}"`
  return new ClientSecretError(
    'INVALID_PARAMETER',
    `The key "${keyName}" has several values, and ${place} ${said}. Write ${names.map((one) => `${placeholder}.${one}`).join(' or ')}.`,
    { path: place },
  )
}

/** Whether a rule lets this request use the key. */
export function isAllowed(
  key: { name: string; rules: readonly CompiledRule[] },
  request: ClientSecretRequest,
): boolean {
  try {
    return Boolean(findRule(key.name, key.rules, request))
  } catch {
    return false
  }
}

/** Whether a rule lets the secret of its key go to this scheme, host and port, whatever the path. */
function matchesOrigin(rule: CompiledRule, url: URL): boolean {
  const labels = url.hostname.split('.')
  return (
    url.protocol === rule.protocol &&
    url.port === rule.port &&
    labels.length === rule.host.length &&
    rule.host.every((label, index) => (label === '*' ? labels[index] !== '' : label === labels[index]))
  )
}

function matchesPath(pattern: readonly string[], segments: readonly string[]): boolean {
  const open = pattern.at(-1) === '**'
  const fixed = open ? pattern.slice(0, -1) : pattern
  if (open ? segments.length <= fixed.length : segments.length !== fixed.length) return false
  // Where a rule says in which segment the secret stands, it stands in no other.
  const isPlaced = pattern.some(containsPlaceholder)
  return segments.every((segment, index) => {
    const part = fixed[index] ?? '**'
    if (part === segment) return true
    return (part === '**' || (part === '*' && segment !== '')) && !(isPlaced && containsPlaceholder(segment))
  })
}

/**
 * The segments of a path that is one and the same to every server: also to one
 * that decodes once more, maps characters to those that they look like (NFKC),
 * trims, or takes `;` for the beginning of parameters. For none of them a segment
 * may be a step, hold a separator or be left out. Undefined for any other path.
 */
function plainSegments({ pathname }: URL): string[] | undefined {
  const segments = segmentsOf(pathname)
  const text = decoded(pathname)
  // Where a query would begin, the path would end.
  if (text === undefined || /[\\\p{Cc}]/u.test(text) || /[?#]/.test(text.slice(0, text.lastIndexOf('/'))))
    return undefined
  const read = segmentsOf(text.replace(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu, ''))
  const isPlain = (segment: string, index: number) => {
    const [name] = /^[^;?#]*/.exec(segment)!
    return !/^\.+$/.test(name) && (name !== '' || index === read.length - 1)
  }
  return read.length === segments.length && read.every(isPlain) ? segments : undefined
}

/** Times that a path may have been encoded. Each costs a look at the whole of it. */
const maxEncodings = 3

/** A path as a server may read it that decodes and maps what is left to decode; undefined where no end is near. */
function decoded(path: string): string | undefined {
  let text = path
  for (let round = 0; round <= maxEncodings; round++) {
    const next = normalized(unescaped(text))
    if (next === undefined || next === text) return next
    text = next
  }
  return undefined
}

/** Undefined where a server that knows no such character may read the nearest that it knows: a slash. */
function normalized(text: string | undefined): string | undefined {
  if (text === undefined || looksLikeSlash.test(text)) return undefined
  return text.normalize('NFKC').replaceAll(fractionSlash, '|') // ½ is 1⁄2 then, which is no slash to anybody.
}

const fractionSlash = '\u2044'
/** Fraction, division and set minus. */
const looksLikeSlash = /[\u2044\u2215\u2216\u29f5\u29f8\u29f9]/

/** Undefined for what is no UTF-8, which servers read as they please. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function segmentsOf(pathname: string): string[] {
  return pathname.slice(1).split('/')
}
