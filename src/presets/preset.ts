import type { KeyLimits, KeyOptions } from '../relay/keys/key.ts'
import type { KeyRule, Place } from '../relay/keys/key-rules.ts'

/** What a preset lets you set, besides the settings of its API. */
export interface PresetOptions<Endpoint extends string, Rule extends KeyRule = KeyRule> {
  /** The endpoints that pages may call. Default: none that changes or deletes data, reads private data or moves money. */
  endpoints?: Endpoint[] | undefined
  /** More rules, such as the rule that an error with `NOT_ALLOWED` prints. */
  allow?: Rule[] | undefined
  /** Default: the environment variables of the preset. */
  secret?: KeyOptions['secret']
  /** Only for signed-in users. Default: true. */
  locked?: boolean | undefined
  /** Limits for all callers together. Default with `locked: false`: 60 requests per minute. */
  limits?: KeyLimits | undefined
}

/** Where the page writes `$CLIENT_SECRET`. */
export interface PresetAuth {
  headers?: Readonly<Record<string, string>> | undefined
  params?: Readonly<Record<string, string>> | undefined
}

/** Methods and a path or an url, in one text or in several. */
type Lines = string | readonly string[]

/** How a page creates the API's own SDK. */
export interface PresetSdk {
  /** The package that it imports from. */
  readonly module: string
  /** What it imports: `OpenAI`, or several names in braces. */
  readonly names: string
  /** The expression that makes it, for a key of the preset's name. `client` is that of `createClient`. */
  readonly create: string
}

/** One API, from its documentation. A text in braces is a setting. */
export interface Api {
  /** The beginning of all urls. */
  url: string
  variables: string | Readonly<Record<string, string>>
  auth: PresetAuth
  /** Methods, and a path or an url. A third word is the place of the secret, where it differs from `auth`. */
  endpoints: Readonly<Record<string, Lines>>
  /** Endpoints that a config must name: they change or delete data, read private data or move money. */
  more?: Readonly<Record<string, Lines>>
  required?: readonly string[]
  optional?: Readonly<Record<string, string>>
  token?: KeyOptions['token']
  sign?: KeyOptions['sign']
  sdk?: PresetSdk & {
    /** The beginning of its urls, and the place of its key, where they differ from those above. The rules allow both. */
    url?: string
    place?: Place
  }
}

type More<Of extends Api> = Of extends { more: infer Endpoints } ? Endpoints : unknown
type Endpoints<Of extends Api> = Of['endpoints'] & More<Of>
type Endpoint<Of extends Api> = keyof Endpoints<Of> & string
type RequiredSetting<Of extends Api> = Of extends { required: readonly (infer Name extends string)[] } ? Name : never
type OptionalSetting<Of extends Api> = Of extends { optional: infer Settings } ? keyof Settings & string : never

/** An API of which only the shape is known. */
type AnyApi = Api & { required: readonly string[]; optional: Readonly<Record<string, string>> }

/** The settings of an API, such as the name of its account. */
export type PresetSettings<Of extends Api> = Record<RequiredSetting<Of>, string> &
  Partial<Record<OptionalSetting<Of>, string>>

/** Makes the options of a key for one API. */
export interface Preset<Of extends Api = AnyApi> {
  <Chosen extends Endpoint<Of> = keyof Of['endpoints'] & string, Rule extends KeyRule = never>(
    ...options: [RequiredSetting<Of>] extends [never]
      ? [(PresetOptions<Chosen, Rule> & PresetSettings<Of>)?]
      : [PresetOptions<Chosen, Rule> & PresetSettings<Of>]
  ): PresetKey<UrlOf<Of['url'], Endpoints<Of>[Chosen]> | Rule['url']>
  /** Its endpoints, as methods and paths. */
  readonly endpoints: Readonly<Record<Endpoint<Of>, readonly string[]>>
  /** The endpoints that it allows without the option `endpoints`. */
  readonly defaults: readonly Endpoint<Of>[]
  /** The settings that it needs, and those that have a default. */
  readonly settings: {
    readonly required: readonly RequiredSetting<Of>[]
    readonly optional: Readonly<Record<OptionalSetting<Of>, string>>
  }
  /** The environment variables with its secret: one, or one for each value. */
  readonly variables: string | Readonly<Record<string, string>>
  /** What a request writes. */
  readonly auth: PresetAuth
  /** How a page creates the API's own SDK. Undefined for an API without one that takes a `fetch`. */
  readonly sdk: PresetSdk | undefined
}

/** The options of a key; their type knows the urls. */
export interface PresetKey<Url extends string = string> extends KeyOptions {
  allow: (Omit<KeyRule, 'url'> & { url: Url })[]
}

/** The urls of lines such as `GET,POST /models/*`. */
type UrlOf<Base extends string, Given> = Given extends readonly (infer Line)[]
  ? UrlOfLine<Base, Line>
  : UrlOfLine<Base, Given>
type UrlOfLine<Base extends string, Line> = Line extends `${string} ${infer Path} ${string}`
  ? UrlOfPath<Base, Path>
  : Line extends `${string} ${infer Path}`
    ? UrlOfPath<Base, Path>
    : string
type UrlOfPath<Base extends string, Path extends string> = Filled<
  Path extends `https://${string}` ? Path : `${Base}${Path}`
>
type Filled<Url extends string> = Url extends `${infer Start}{${string}}${infer End}`
  ? `${Start}${string}${Filled<End>}`
  : Url

const unlockedLimits: KeyLimits = { requestsPerMinute: 60 }

export function preset<const Of extends Api>(api: Of): Preset<Of> {
  const { required = [], optional = {}, auth, variables, sdk } = api as Api
  const endpoints = Object.fromEntries(
    Object.entries({ ...api.endpoints, ...api.more }).map(([name, lines]) => [name, [lines].flat()]),
  )
  const defaults = Object.keys(api.endpoints)

  function keyOptions(given: PresetOptions<string> & Partial<Record<string, unknown>> = {}): KeyOptions {
    const { endpoints: chosen = defaults, allow = [], secret, locked, limits } = given
    const fill = filler({ ...optional, ...pick(given, [...required, ...Object.keys(optional)]) }, required)
    const unknown = chosen.find((name) => !Object.hasOwn(endpoints, name))
    if (unknown !== undefined)
      throw new TypeError(`There is no endpoint "${unknown}". The endpoints are ${Object.keys(endpoints).join(', ')}.`)
    if (chosen === defaults && chosen.length === 0)
      throw new TypeError(`The preset needs "endpoints". Choose from ${Object.keys(endpoints).join(', ')}.`)
    const isUnlocked = locked === false
    const lines = chosen.flatMap((name) => endpoints[name] ?? [])
    return {
      secret: secret ?? secretOf(variables),
      allow: [
        ...rulesOf(lines, fill(api.url), auth, fill),
        ...((sdk?.url ?? sdk?.place) ? rulesOf(lines, fill(sdk.url ?? api.url), auth, fill, sdk.place) : []),
        ...allow,
      ],
      ...(locked !== undefined && { locked }),
      ...((limits ?? isUnlocked) && { limits: limits ?? unlockedLimits }),
      ...(api.token && { token: filled(api.token, fill) }),
      ...(api.sign && { sign: filled(api.sign, fill) }),
    }
  }

  const described = { endpoints, defaults, settings: { required, optional }, variables, auth, sdk }
  // Its type is computed from the literals of `api`.
  return Object.assign(keyOptions, described) as unknown as Preset<Of>
}

function secretOf(variables: string | Readonly<Record<string, string>>): KeyOptions['secret'] {
  if (typeof variables === 'string') return process.env[variables]
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, process.env[variable]]))
}

/** One rule for each url and place. */
function rulesOf(lines: readonly string[], base: string, auth: PresetAuth, fill: Fill, placeOfSdk?: Place): KeyRule[] {
  const rules = new Map<string, KeyRule>()
  for (const line of lines) {
    const [methods = '', path = '', place = placeOfSdk] = line.split(' ')
    const url = path.startsWith('https://') ? fill(path) : base + fill(path)
    const rule = rules.get(`${url} ${place}`)
    const named = methods.split(',') as KeyRule['methods']
    if (rule) rule.methods = [...new Set([...rule.methods, ...named])]
    else rules.set(`${url} ${place}`, { url, methods: named, ...(place ? { in: [place as Place] } : placesOf(auth)) })
  }
  return [...rules.values()]
}

/** The places in which `auth` writes the placeholder. The default place needs no words. */
function placesOf({ headers = {}, params = {} }: PresetAuth): Pick<KeyRule, 'in' | 'inEach'> {
  const written: [Place, string][] = [
    ...Object.entries(headers).map(([name, text]): [Place, string] => [`headers.${name.toLowerCase()}`, text]),
    ...Object.entries(params).map(([name, text]): [Place, string] => [`params.${name}`, text]),
  ]
  const inEach: Record<string, Place[]> = {}
  const places: Place[] = []
  for (const [place, text] of written) {
    const [found, name] = /\$CLIENT_SECRET(?:\.(\w+))?/.exec(text) ?? []
    if (name !== undefined) (inEach[name] ??= []).push(place)
    else if (found) places.push(place)
  }
  if (Object.keys(inEach).length > 0) return { inEach }
  return places.length === 0 || places.join() === 'headers.authorization' ? {} : { in: places }
}

type Fill = (text: string) => string

/** Writes the settings into a text. In an url, a setting is one word: it must not widen a rule. */
export function filler(settings: Partial<Record<string, unknown>>, required: readonly string[]): Fill {
  const missing = required.find((name) => typeof settings[name] !== 'string' || settings[name] === '')
  if (missing !== undefined) throw new TypeError(`The preset needs the setting "${missing}", a text.`)
  return (text) =>
    text.replace(/\{(\w+)\}/g, (_found, name: string) => {
      const value = String(settings[name])
      if (/^https?:/.test(text) || text.startsWith('/'))
        if (!/^[\w.-]*\w[\w.-]*$/.test(value) || value.includes('..'))
          throw new TypeError(`The setting "${name}" is part of an url. Write letters, digits, dots and dashes.`)
      return value
    })
}

/** The texts of `token` or `sign`, with the settings. */
function filled<Options extends object>(options: Options, fill: Fill): Options {
  const entries = Object.entries(options).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'string' ? fill(value) : value,
  ])
  return Object.fromEntries(entries) as Options
}

function pick(given: Partial<Record<string, unknown>>, names: readonly string[]): Partial<Record<string, unknown>> {
  return Object.fromEntries(names.filter((name) => given[name] !== undefined).map((name) => [name, given[name]]))
}
