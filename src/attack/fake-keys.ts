import type { KeyOptions } from '../relay/keys/key.ts'
import type { KeyRule, Place } from '../relay/keys/key-rules.ts'
import type { TokenOptions } from '../relay/keys/token-options.ts'
import { makeCanary, type Canary } from './canary.ts'
import type { Exchange } from './fake-internet.ts'
import { findSecret } from './find-secret.ts'
import { httpAnswer } from './raw-http.ts'
import { targetOf, type Target } from './target.ts'

/** A key of the options, with canaries in place of its secrets. */
export interface FakeKey {
  name: string
  options: KeyOptions
  /** By the name of the value. The name is empty for a key with a single value. */
  values: ReadonlyMap<string, Canary>
  /** The token that the exchange gives for the secret. */
  token?: Canary
}

/**
 * The keys that an attack can cover. It excludes `jwt-bearer`: that secret is a private key, and has no canary's form.
 */
export function fakeKeysOf(keys: Record<string, KeyOptions>): FakeKey[] {
  let index = 0
  return Object.entries(keys)
    .filter(([, { token }]) => token?.grant !== 'jwt-bearer')
    .map(([name, options]) => {
      const { secret, publicPrefix, token } = options
      const names = typeof secret === 'object' ? Object.keys(secret) : ['']
      // The first targets try every echo, so the formats follow the order of the targets: a token, not its secret.
      const made = token && makeCanary(index++)
      const values = new Map(names.map((one) => [one, makeCanary(token ? 2 : index++, publicPrefix)]))
      return { name, options, values, ...(made && { token: made }) }
    })
}

/** The option `secret` of a relay under attack. */
export function secretOf({ values }: FakeKey): string | Record<string, string> {
  const single = values.get('')
  return single?.value ?? Object.fromEntries([...values].map(([name, { value }]) => [name, value]))
}

/** Every rule of every key, for each of its values, and for its token in place of its secret. */
export function targetsOf(keys: readonly FakeKey[]): Target[] {
  return keys.flatMap((key) => {
    const { name: keyName, options, values, token } = key
    const { sign, locked = true } = options
    // For AWS, and for a single value, the secret itself signs.
    const signing = sign && (('hmac' in sign && sign.value) || '')
    const shown = token ? [['', token] as const] : [...values]
    return options.allow.flatMap((rule) =>
      shown.map(([valueName, canary]) =>
        targetOf(rule, canary, {
          keyName,
          valueName,
          valueNames: [...values.keys()],
          title: valueName ? `${keyName}.${valueName}` : keyName,
          locked,
          isNeverSent: valueName === signing,
          siblings: [...values.values()].map(({ value }) => value).filter((value) => value !== canary.value),
        }),
      ),
    )
  })
}

/** The secrets of keys with `token`. Only the exchange may see them. */
export function exchangedSecrets(keys: readonly FakeKey[]): Target[] {
  return keys.flatMap(({ name: keyName, options: { token }, values }) =>
    token
      ? [
          targetOf(exchangeRule(token), values.get('')!, {
            keyName,
            valueName: '',
            valueNames: [''],
            title: `${keyName} (exchanged for its token)`,
            locked: true,
            isNeverSent: false,
            siblings: [],
          }),
        ]
      : [],
  )
}

function exchangeRule({ url = '', grant, auth, body = {}, allowPrivateNetwork = false }: TokenOptions): KeyRule {
  const fields = Object.keys(body).filter((field) => body[field]!.includes('$CLIENT_SECRET'))
  const ofLogin = fields.map((field): Place => `data#/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`)
  const place: Place = auth === 'body' ? 'data#/client_secret' : 'headers.authorization'
  return {
    url: url.replace(/[?#].*$/s, ''),
    methods: ['POST'],
    in: grant === 'login' ? ofLogin : [place],
    allowPrivateNetwork,
  }
}

/** The servers of the tokens: each gives its token for its secret. */
export function exchangesOf(keys: readonly FakeKey[]): Exchange {
  return ({ to, path, bytes }) => {
    const origin = `${to.scheme}//${to.host}`
    const found = keys.find(({ options: { token }, values }) => {
      if (!token?.url) return false
      const { protocol, hostname, pathname, search } = new URL(token.url)
      return (
        origin === `${protocol}//${hostname}` &&
        path === pathname + search &&
        findSecret(bytes, values.get('')!.value) !== null
      )
    })
    if (!found) return null
    const field = found.options.token!.field ?? 'access_token'
    return [httpAnswer({ body: JSON.stringify({ [field]: found.token!.value, expires_in: 3600 }) })]
  }
}
