import type { KeyLimits, KeyOptions } from '../relay/keys/key.ts'
import type { KeyRule, Place } from '../relay/keys/key-rules.ts'

/** What a preset lets you set, besides the settings of its API. */
export interface PresetOptions<Endpoint extends string> {
  /** The endpoints that pages may call. Default: none that changes or deletes data, reads private data or moves money. */
  endpoints?: Endpoint[] | undefined
  /** More rules, such as the rule that an error with `NOT_ALLOWED` prints. */
  allow?: KeyRule[] | undefined
  /** Default: the environment variables of the preset. */
  secret?: KeyOptions['secret']
  /** Only for signed-in users. Default: true. */
  locked?: boolean | undefined
  /** Limits for all callers together. Default with `locked: false`: 60 requests per minute. */
  limits?: KeyLimits | undefined
}

/** The settings of an API, such as the name of its account. */
export type PresetSettings<Required extends string, Optional extends string> = Record<Required, string> &
  Partial<Record<Optional, string>>

/** Where the page writes `$CLIENT_SECRET`. */
export interface PresetAuth {
  headers?: Readonly<Record<string, string>> | undefined
  params?: Readonly<Record<string, string>> | undefined
}

/** Makes the options of a key for one API. */
export interface Preset<Endpoint extends string, Required extends string = never, Optional extends string = never> {
  (
    ...options: [Required] extends [never]
      ? [(PresetOptions<Endpoint> & PresetSettings<never, Optional>)?]
      : [PresetOptions<Endpoint> & PresetSettings<Required, Optional>]
  ): KeyOptions
  /** Its endpoints, as methods and paths. */
  readonly endpoints: Readonly<Record<Endpoint, readonly string[]>>
  /** The endpoints that it allows without the option `endpoints`. */
  readonly defaults: readonly Endpoint[]
  /** The settings that it needs, and those that have a default. */
  readonly settings: { readonly required: readonly Required[]; readonly optional: Readonly<Record<Optional, string>> }
  /** The environment variables with its secret: one, or one for each value. */
  readonly variables: string | Readonly<Record<string, string>>
  /** What a request writes. */
  readonly auth: PresetAuth
}

/** One API, from its documentation. A text in braces is a setting. */
export interface Api<Endpoint extends string, More extends string, Required extends string, Optional extends string> {
  /** The beginning of all urls. */
  url: string
  variables: string | Readonly<Record<string, string>>
  auth: PresetAuth
  /** Methods, and a path or an url. A third word is the place of the secret, where it differs from `auth`. */
  endpoints: Record<Endpoint, string | readonly string[]>
  /** Endpoints that a config must name: they change or delete data, read private data or move money. */
  more?: Record<More, string | readonly string[]>
  required?: readonly Required[]
  optional?: Record<Optional, string>
  token?: KeyOptions['token']
  sign?: KeyOptions['sign']
}

const unlockedLimits: KeyLimits = { requestsPerMinute: 60 }

export function preset<
  Endpoint extends string,
  More extends string = never,
  Required extends string = never,
  Optional extends string = never,
>(api: Api<Endpoint, More, Required, Optional>): Preset<Endpoint | More, Required, Optional> {
  const { required = [], optional = {} as Record<Optional, string>, auth, variables } = api
  const endpoints = Object.fromEntries(
    Object.entries<string | readonly string[]>({ ...api.endpoints, ...api.more }).map(([name, lines]) => [
      name,
      [lines].flat(),
    ]),
  ) as Record<Endpoint | More, string[]>
  const defaults = Object.keys(api.endpoints) as Endpoint[]

  function keyOptions(given: PresetOptions<Endpoint | More> & Partial<Record<string, unknown>> = {}): KeyOptions {
    const { endpoints: chosen = defaults, allow = [], secret, locked, limits } = given
    const fill = filler({ ...optional, ...pick(given, [...required, ...Object.keys(optional)]) }, required)
    const unknown = chosen.find((name) => !Object.hasOwn(endpoints, name))
    if (unknown !== undefined)
      throw new TypeError(`There is no endpoint "${unknown}". The endpoints are ${Object.keys(endpoints).join(', ')}.`)
    if (chosen === defaults && chosen.length === 0)
      throw new TypeError(`The preset needs "endpoints". Choose from ${Object.keys(endpoints).join(', ')}.`)
    const isUnlocked = locked === false
    return {
      secret: secret ?? secretOf(variables),
      allow: [
        ...rulesOf(
          chosen.flatMap((name) => endpoints[name]),
          fill(api.url),
          auth,
          fill,
        ),
        ...allow,
      ],
      ...(locked !== undefined && { locked }),
      ...((limits ?? isUnlocked) && { limits: limits ?? unlockedLimits }),
      ...(api.token && { token: filled(api.token, fill) }),
      ...(api.sign && { sign: filled(api.sign, fill) }),
    }
  }

  const described = { endpoints, defaults, settings: { required, optional }, variables, auth }
  // Its parameter is a list of one, which may be left out only without required settings.
  return Object.assign(keyOptions, described)
}

function secretOf(variables: string | Readonly<Record<string, string>>): KeyOptions['secret'] {
  if (typeof variables === 'string') return process.env[variables]
  return Object.fromEntries(Object.entries(variables).map(([name, variable]) => [name, process.env[variable]]))
}

/** One rule for each url and place. */
function rulesOf(lines: readonly string[], base: string, auth: PresetAuth, fill: Fill): KeyRule[] {
  const rules = new Map<string, KeyRule>()
  for (const line of lines) {
    const [methods = '', path = '', place] = line.split(' ')
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
