import type { KeyRule } from '../relay/keys/key-rules.ts'
import type { Reply } from './attacker.ts'
import { isAddress, publicAddress, type Caught } from './fake-internet.ts'
import { findSecrets, type Sought } from './find-secret.ts'
import type { Target } from './target.ts'
import { metadata } from './forbidden-addresses.ts'
import type { Channel, Evidence } from './evidence.ts'

/** Everything visible after a vector. */
export interface Scene {
  caught: Caught[]
  lookups: string[]
  replies: Reply[]
  log: string[]
  files: Buffer[]
  blamed: Evidence[]
  mayCall: boolean
  /** Inspect only this channel. */
  only?: Channel | undefined
}

/** A value that marks headers of the attacker and of its upstreams. */
export const marker = 'attack-marker-7d31'

/**
 * Returns the leaks. It interprets the rules itself and shares no code with the
 * relay, because a shared mistake would hide a leak.
 */
export function detectLeaks(scene: Scene, targets: readonly Target[]): Evidence[] {
  const looks = (channel: Channel) => scene.only === undefined || scene.only === channel
  return [
    ...(looks('call') ? unwantedCalls(scene) : []),
    ...(looks('upstream') ? atUpstreams(scene, targets) : []),
    ...(looks('header') ? headersThatAct(scene) : []),
    ...(looks('answer') ? inAnswers(scene, targets) : []),
    ...(looks('log') ? scene.log.flatMap((line) => secretsIn('log', 'in the log', Buffer.from(line), targets)) : []),
    ...(looks('database') ? scene.files.flatMap((file) => secretsIn('database', 'in a file', file, targets)) : []),
    ...(looks('failure') ? failures(scene) : []),
    ...scene.blamed,
  ]
}

function secretsIn(channel: Channel, where: string, bytes: Buffer, targets: readonly Target[]): Evidence[] {
  const names = new Map(targets.map(({ canary, title }) => [canary, title]))
  return [...findSecrets(bytes, soughtOf(targets), tellingLength)].map(([secret, { form, whole }]) => ({
    channel,
    where: `the secret of ${names.get(secret)}${whole ? '' : ', in part,'} ${where}, ${form}`,
  }))
}

/** Fewer consecutive characters may stay visible when an API cuts off an echo, as the page Security model says. The oracles measure how many do. */
const tellingLength = 20

/** The secrets of all keys, each once. */
const soughtOf = (targets: readonly Target[]): Sought[] => [
  ...new Map(targets.map(({ canary, format }) => [canary, { value: canary, ...format }])).values(),
]

const placeOf = ({ to, method, path }: Caught) =>
  `${to.scheme}//${to.host}:${to.port} (${to.address}) ${method} ${path}`

function unwantedCalls({ mayCall, caught }: Scene): Evidence[] {
  return mayCall ? [] : caught.map((call) => ({ channel: 'call', where: `a call at ${placeOf(call)}` }))
}

/** Secrets that arrived in a call that no rule of their key allows, or in a looked-up host name. */
function atUpstreams({ caught, lookups }: Scene, targets: readonly Target[]): Evidence[] {
  const names = lookups.flatMap((name) => secretsIn('upstream', `in the name ${name}`, Buffer.from(name), targets))
  return caught.reduce<Evidence[]>((found, call) => {
    for (const canary of findSecrets(call.bytes, soughtOf(targets)).keys()) {
      const own = targets.filter((target) => target.canary === canary)
      const problems = own.map((target) => problemOf(call, target))
      if (problems.includes(null)) continue
      const where = `the secret of ${own[0]!.title} at ${placeOf(call)}: ${problems.join('; or: ')}`
      found.push({ channel: 'upstream', where })
    }
    return found
  }, names)
}

function headersThatAct({ caught, replies }: Scene): Evidence[] {
  return [
    ...caught.flatMap((call) => [
      ...forgedHeaders(call).map((header) => `${header} at ${placeOf(call)}`),
      ...(call.rest.length > 0 ? [`a second request after the first at ${placeOf(call)}`] : []),
    ]),
    ...replies.flatMap(({ headers }) => actingHeaders(headers).map((header) => `the answer's ${header}`)),
  ].map((where) => ({ channel: 'header', where }))
}

function inAnswers({ replies }: Scene, targets: readonly Target[]): Evidence[] {
  return replies.flatMap(({ status, head, body }) => [
    ...secretsIn('answer', `in the head of an answer with status ${status}`, Buffer.from(head, 'latin1'), targets),
    ...secretsIn('answer', `in the body of an answer with status ${status}`, body, targets),
  ])
}

function failures({ replies }: Scene): Evidence[] {
  return replies
    .filter(({ status, body }) => status === 500 || body.includes('"code":"INTERNAL"'))
    .map(({ status, body }) => ({
      channel: 'failure',
      where: `an answer with status ${status}: ${body.toString().slice(0, 200)}`,
    }))
}

/** Why the target's rule does not allow this call, or null if it does. */
function problemOf(call: Caught, target: Target): string | null {
  const { rule, scheme, host, port, canary, format, isWildcard, places } = target
  if (target.isNeverSent) return 'the secret of a signature stays in the relay'
  const { to } = call
  const label = to.host.slice(0, -host.slice('shop'.length).length)
  const isHost = isWildcard
    ? to.host === `${label}${host.slice('shop'.length)}` && /^[^.]+$/.test(label)
    : to.host === host
  if (to.scheme !== scheme) return `the scheme is ${to.scheme}`
  if (!isHost) return 'another host'
  if (to.port !== (port.slice(1) || (scheme === 'https:' ? '443' : '80'))) return `the port is ${to.port}`
  if (!isRightAddress(to.address, rule)) return `the address is ${to.address}`
  if (!rule.methods.some((method) => method.toUpperCase() === call.method)) return `the method is ${call.method}`
  const [path = '', query = ''] = call.path.split(/\?(.*)/s)
  if (!isInside(path, target)) return 'the path is outside'
  const rest = withoutPlaces(call, path, query, places)
  // Anyone may write the public part anywhere.
  const leak = findSecrets(Buffer.from(rest, 'latin1'), [{ value: canary, ...format }]).get(canary)
  return leak ? `in an undeclared place, ${leak.form}` : null
}

function isRightAddress(address: string, { allowPrivateNetwork, url }: KeyRule): boolean {
  if (address === publicAddress || (isAddress(address) && url.includes(`//${address}`))) return true
  const isPrivate = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.|::1$|fd)/.test(address)
  return allowPrivateNetwork === true && isPrivate && !metadata.includes(address)
}

/** Whether the rule allows a path, for every way a server may parse it. */
function isInside(path: string, { rule, canary, siblings }: Target): boolean {
  const pattern = /^https?:\/\/[^/]+(\/.*)?$/.exec(rule.url)?.[1]?.replace(/(\$CLIENT_SECRET)\.\w+/g, '$1') ?? '/'
  const known = [canary, ...siblings].reduce(
    (text, value) =>
      text.replaceAll(encodeURIComponent(value), '$CLIENT_SECRET').replaceAll(canarySegment(value), '$CLIENT_SECRET'),
    path,
  )
  let decoded = known
  for (let turn = 0; turn < 5; turn++)
    decoded = decoded.replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
  const isClimbing = (text: string) => /(^|[/\\;])\.{1,2}([/\\;?#]|$)|\\|\0/.test(text)
  if (isClimbing(decoded) || decoded.split('/').length !== known.split('/').length) return false
  // As read by a server that normalises and removes invisible characters.
  const read = Buffer.from(decoded, 'latin1')
    .toString()
    .normalize('NFKC')
    .replace(/[\0-\x20\x7f-\xa0\u00ad\u200b-\u200f]/g, '')
    .replaceAll('\u2215', '/')
  if (isClimbing(read) || read.split('/').length !== known.split('/').length) return false
  const expression = pattern
    .split('/')
    .map((segment) =>
      segment === '**' ? '.*' : segment === '*' ? '[^/]+' : segment.replace(/[.$+()[\]{}^|?\\]/g, '\\$&'),
    )
    .join('/')
  return new RegExp(`^${expression}$`).test(known)
}

/** The canary encoded for a path, where `:`, `@` and similar characters stay. */
const canarySegment = (canary: string) =>
  encodeURIComponent(canary).replace(/%(3A|40|24|26|2B|2C|3B|3D)/g, (code) => decodeURIComponent(code))

/** The call as text, without the content of declared places. */
function withoutPlaces(call: Caught, path: string, query: string, places: readonly string[]): string {
  const isDeclared = (place: string) => places.includes(place)
  const headerPlaces = places.map((place) => (place.startsWith('headers.') ? place.toLowerCase() : place))
  const pairs = (text: string, kind: (name: string) => boolean) =>
    text
      .split('&')
      .filter((pair) => !kind(decodeForm(pair.split('=')[0] ?? '')))
      .join('&')
  const body = call.body.toString()
  const bracketed = places
    .filter((place) => place.startsWith('data#/'))
    .map((place) =>
      place
        .slice('data#/'.length)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')),
    )
  return [
    call.method,
    isDeclared('url.path') ? '' : path,
    pairs(query, (name) => isDeclared(`params.${name}`)),
    ...call.headers
      .filter(([name]) => !headerPlaces.includes(`headers.${name.toLowerCase()}`))
      .map((header) => header.join(': ')),
    body.startsWith('{')
      ? bracketed.reduce(withoutValue, body)
      : pairs(body, (name) =>
          bracketed.some(([first = '', ...more]) => name === first + more.map((step) => `[${step}]`).join('')),
        ),
    call.rest.toString('latin1'),
  ].join('\n')
}

const decodeForm = (text: string) => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** JSON text with the string at this pointer emptied. */
function withoutValue(json: string, steps: string[]): string {
  try {
    const root = JSON.parse(json) as Record<string, unknown>
    const parent = steps.slice(0, -1).reduce<unknown>((value, step) => (value as Record<string, unknown>)[step], root)
    const last = steps.at(-1)!
    if (typeof (parent as Record<string, unknown>)[last] === 'string') (parent as Record<string, unknown>)[last] = ''
    return JSON.stringify(root)
  } catch {
    return json
  }
}

/** Headers that give the upstream false information about the caller or the host. */
function forgedHeaders(call: Caught): string[] {
  const forbidden =
    /^(host|connection|keep-alive|transfer-encoding|te|trailer|upgrade|expect|cookie2?|forwarded|via|proxy-.*|x-forwarded-.*|x-real-ip|x-http-method(-override)?|x-method-override|x-original-url|x-rewrite-url|x-injected|true-client-ip|client-ip|forwarded-for|x-host|(x-|cf-|fastly-|x-cluster-|x-original-)?(client|connecting|original|cluster-client|proxyuser)-(ip|host|forwarded-for)|x-envoy-.*|cf-.*|x-azure-.*)$/i
  return call.headers
    .filter(([name, value]) => forbidden.test(name.trim().replaceAll('_', '-')) && value.includes(marker))
    .map(([name, value]) => `the header ${name}: ${value}`)
}

/** Upstream headers that would take effect on the relay's own origin. */
function actingHeaders(headers: Reply['headers']): string[] {
  return Object.entries(headers)
    .filter(
      ([name, value]) =>
        String(value).includes(marker) || (name === 'content-type' && /html|svg|xml|script/i.test(String(value))),
    )
    .map(([name, value]) => `${name}: ${String(value)}`)
}
