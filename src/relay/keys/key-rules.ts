import { ClientSecretError } from '../../protocol/errors.ts'
import { abridged } from '../../protocol/invalid-parameter.ts'
import {
  containsPlaceholder,
  findPlaceholders,
  placeholder,
  type FoundPlaceholder,
} from '../../protocol/placeholder.ts'
import { methods, type ClientSecretRequest, type Method } from '../../protocol/request.ts'
import { configError, fieldMustBe, startContext, type ErrorContext } from '../common/config-error.ts'
import { refuseMethodOverride } from './method-override.ts'
import { matchesPath, plainSegments, segmentsOf } from './plain-path.ts'
import { checkS3Call } from './s3-calls.ts'
import type { SignOptions } from './sign-options.ts'
import { suggestRule } from './suggested-rule.ts'

/** A place in a request for a secret. */
export type Place = `headers.${string}` | `params.${string}` | `data#/${string}` | 'url.path'

/** An https url, or another text; `satisfies` keeps the type of what is written. */
type RuleUrl = `https://${string}` | (string & {})

/** A destination that a key allows. The relay refuses everything else. */
export interface KeyRule {
  /**
   * The destination of the secret. Scheme, host and port must match exactly. `*` matches one segment of the path,
   * `*:verb` one that ends with this verb, as APIs of Google have it, `**` at the end the rest of the path, and `*.`
   * before a host one label. A segment may contain the placeholder: `https://api.telegram.org/bot$CLIENT_SECRET/*`.
   */
  url: RuleUrl
  /** Any letter case. */
  methods: (Method | Lowercase<Method>)[]
  /** The places in the request. Default: `['headers.authorization']`, or `['url.path']` if the url of the rule contains the placeholder. */
  in?: Place[] | undefined
  /**
   * Instead of `in`, for a key with several values: the places of each value, by its name. A value without a name here
   * has no place.
   * `{ id: ['headers.x-app-id'], key: ['headers.x-api-key'] }`
   */
  inEach?: Record<string, Place[]> | undefined
  /** Allows `http:` and addresses of this machine and network too. Default: false. */
  allowPrivateNetwork?: boolean | undefined
  /** The relay may repeat an interrupted POST or PATCH. Default: false. */
  retryable?: boolean | undefined
  /** Streams answers to a fetch also for secrets in `params` or `data#`, which APIs may show. Secrets in other places always stream. Default: false. */
  stream?: boolean | undefined
}

/** A rule, checked and parsed. */
export interface CompiledRule {
  protocol: string
  /** Labels of the host; the first may be `*`. */
  host: string[]
  port: string
  segments: string[]
  methods: readonly Method[]
  places: readonly string[]
  /** For a key with several values: the places of each value, by its name. */
  placesByName?: ReadonlyMap<string, readonly string[]>
  allowPrivateNetwork: boolean
  retryable: boolean
  stream: boolean
}

const defaultPlaces: readonly Place[] = ['headers.authorization']
const ruleFields = ['url', 'methods', 'in', 'inEach', 'allowPrivateNetwork', 'retryable', 'stream']
const placePattern = /^(headers\.[!#$%&'*+.^_`|~0-9A-Za-z-]+|params\..+|data#\/.*|url\.path)$/

/**
 * Reads a rule of the options or of a form.
 *
 * @param names The names of the values, for a key with several.
 * @throws ClientSecretError `INVALID_PARAMETER` with the path of the field.
 */
export function compileRule(
  rule: KeyRule,
  path: string,
  context: ErrorContext = startContext(path),
  names?: readonly string[],
): CompiledRule {
  const refuse: Refuse = (problem, field) => {
    throw configError(context, problem, field)
  }
  if (typeof rule !== 'object' || rule === null)
    return refuse('is not a rule. A rule is an object such as { url, methods }.')
  const unknown = Object.keys(rule).find((name) => !ruleFields.includes(name))
  if (unknown !== undefined)
    return refuse(`has an unknown field "${unknown}". The fields are ${ruleFields.join(', ')}.`)
  // The same parser reads the urls of requests. It accepts `*` in a host.
  if (typeof rule.url !== 'string' || !URL.canParse(rule.url))
    return refuse(
      `has the url ${JSON.stringify(rule.url)}, which is not a url. Write one such as "https://api.example.com/v1/**".`,
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
      `has the url "${rule.url}", which would send the secret unencrypted. Use https://. For a service on your own network, set allowPrivateNetwork: true in this rule.`,
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
      `has the url "${rule.url}". In a host, * replaces only the whole first label, as in "https://*.example.com/**".`,
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
    return refuse(`has the url "${rule.url}". ** matches the rest of the path, so it must come last.`, 'url')
  if (segments.some((segment) => segment.includes('*') && !/^\*(\*|:[A-Za-z]+)?$/.test(segment))) {
    return refuse(
      `has the url "${rule.url}". * matches a whole segment of the path, such as /v1/*/items, or what is before a verb, such as /v1/*:generate.`,
      'url',
    )
  }
  if (!Array.isArray(rule.methods) || rule.methods.length === 0)
    return refuse(`has no methods. Name them, such as methods: ['POST'].`, 'methods')
  const named = rule.methods.map((method) => String(method).toUpperCase() as Method)
  const unknownMethod = named.find((method) => !methods.includes(method))
  if (unknownMethod !== undefined)
    return refuse(`has the method ${JSON.stringify(unknownMethod)}. The methods are ${methods.join(', ')}.`, 'methods')
  for (const flag of ['allowPrivateNetwork', 'retryable', 'stream'] as const) {
    const isFlag = ['boolean', 'undefined'].includes(typeof rule[flag])
    fieldMustBe(isFlag, context, flag, 'true or false', rule[flag])
  }
  const given = rule.in ?? (segments.some(containsPlaceholder) ? ['url.path' as const] : defaultPlaces)
  const placesByName = names && readPlacesByName(rule, given, names, refuse)
  if (!names && rule.inEach !== undefined)
    return refuse('has inEach, but its key has only one value. Write its places in "in".', 'inEach')
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
    stream: rule.stream ?? false,
  }
}

type Refuse = (problem: string, field?: string) => never

function readPlaces(places: unknown, field: string, refuse: Refuse): string[] {
  if (!(places instanceof Array))
    return refuse(
      `has an "${field}" that is not a list. Write a list of places, such as ${field}: ['headers.x-api-key'].`,
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

/** The part of a key that decides about a request. */
export interface RuledKey {
  name: string
  rules: readonly CompiledRule[]
  sign?: SignOptions
}

/**
 * The rule that allows this request to use the key.
 *
 * @throws ClientSecretError `NOT_ALLOWED`. The message says whether no rule allows the url, the method, or a place, and
 *   gives the rule that would.
 */
export function findRule({ name: keyName, rules, sign }: RuledKey, request: ClientSecretRequest): CompiledRule {
  const url = new URL(request.url)
  const refuse = (what: string, path: string) =>
    new ClientSecretError(
      'NOT_ALLOWED',
      `The key "${keyName}" may not be used ${what}. If it should, add ${missingRule(rules, request)} to keys.${keyName}.allow.`,
      { path },
    )

  const shownUrl = () => abridged(url.origin + url.pathname, maxShown)
  const segments = plainSegments(url)
  const forUrl = segments
    ? rules.filter((rule) => matchesOrigin(rule, url) && matchesPath(rule.segments, segments))
    : []
  if (forUrl.length === 0) throw refuse(`at ${shownUrl()}`, 'url')
  const forMethod = forUrl.filter((rule) => rule.methods.includes(request.method))
  if (forMethod.length === 0) throw refuse(`with ${request.method} at ${shownUrl()}`, 'method')
  const found = findPlaceholders(request)
  const rule = forMethod.find((candidate) => found.every((one) => isPlaceOf(candidate, one)))
  if (rule) {
    refuseMethodOverride(request, url)
    checkS3Call(keyName, sign, request)
    return rule
  }
  const wrong = found.find((one) => !forMethod.some((candidate) => isPlaceOf(candidate, one)))
  if (wrong) {
    const names = [...(forMethod[0]!.placesByName?.keys() ?? [])]
    if (names.length > 0 && !names.includes(wrong.name ?? '')) throw unknownName(keyName, wrong, names)
    throw refuse(`in ${wrong.place}`, wrong.place)
  }
  const places = [...new Set(found.map(({ place }) => place))].join(' and ')
  throw refuse(`in ${places}`, places)
}

/** Characters of a url in a message. A message is redacted, which takes its time for 72 kB of percent signs. */
const maxShown = 500
/** Placeholders of a request whose rule is printed: no API needs more. */
const maxShownPlaces = 10

/** The rule to add, in words that a config takes. */
function missingRule(rules: readonly CompiledRule[], request: ClientSecretRequest): string {
  if (new URL(request.url).pathname.length > maxShown || findPlaceholders(request).length > maxShownPlaces)
    return 'a rule for it'
  const names = rules.find(({ placesByName }) => placesByName)?.placesByName?.keys()
  try {
    const suggested = suggestRule(request, names !== undefined)
    if (!suggested) return 'a rule for it'
    compileRule(suggested.rule as KeyRule, '', undefined, names && [...names])
    return `the rule ${suggested.text}`
  } catch {
    // No rule allows it, such as a path that servers read in different ways.
    return 'a rule for it'
  }
}

/** Whether the rule allows this value in this place. */
function isPlaceOf({ places, placesByName }: CompiledRule, { place, name }: FoundPlaceholder): boolean {
  if (!placesByName) return places.includes(place)
  return name !== undefined && (placesByName.get(name)?.includes(place) ?? false)
}

function unknownName(keyName: string, { place, name }: FoundPlaceholder, names: readonly string[]): ClientSecretError {
  const said = name === undefined ? 'does not name one' : `names "${name.slice(0, 60)}"`
  return new ClientSecretError(
    'INVALID_PARAMETER',
    `The key "${keyName}" has several values, and ${place} ${said}. Write ${names.map((one) => `${placeholder}.${one}`).join(' or ')}.`,
    { path: place },
  )
}

/** The rule that allows this request to use the key; undefined if none does. */
export function ruleFor(key: RuledKey, request: ClientSecretRequest): CompiledRule | undefined {
  try {
    return findRule(key, request)
  } catch {
    return undefined
  }
}

/** Whether a rule allows this request to use the key. */
export function isAllowed(key: RuledKey, request: ClientSecretRequest): boolean {
  return ruleFor(key, request) !== undefined
}

/** Whether a rule allows this scheme, host and port, with any path. */
function matchesOrigin(rule: CompiledRule, url: URL): boolean {
  const labels = url.hostname.split('.')
  return (
    url.protocol === rule.protocol &&
    url.port === rule.port &&
    labels.length === rule.host.length &&
    rule.host.every((label, index) => (label === '*' ? labels[index] !== '' : label === labels[index]))
  )
}
