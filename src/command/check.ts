import { generateKeyPairSync } from 'node:crypto'
import { secretsOf, type Key, type KeyOptions } from '../relay/keys/key.ts'
import { readOptions, type RelayOptions } from '../relay/options.ts'
import { isBasicCredentials, isGuessableSecret } from '../relay/keys/redaction/values.ts'
import { masterKeyVariable, newMasterKey } from '../relay/keys/encryption.ts'
import {
  callersInWords,
  exchangeInWords,
  ruleInWords,
  wideForCallers,
  wideForToken,
  wideInRule,
} from '../relay/keys/describe-rule.ts'

/**
 * Lists in plain words where the secret of every key can go, and warns about wide rules.
 *
 * @throws ClientSecretError as `createRelay` does, for options with which no relay starts.
 */
export function check(options: RelayOptions): string {
  // A temporary master key, because a config with only registered keys needs one and its own may be missing here.
  const { keys } = readOptions(withSecrets(options), { [masterKeyVariable]: newMasterKey() })
  if (keys.size === 0) return 'The config has no keys. For the keys in its database, run client-secret-relay keys list.'
  const paragraphs = [...keys.values()].map((key) => {
    const rules = key.rules.map((rule) => [
      `  may go ${ruleInWords(rule)}`,
      ...wideInRule(rule, { isSigned: key.sign !== undefined }).map(warning),
    ])
    return [
      `${key.name}`,
      `  may be used by ${callersInWords(key)}`,
      ...wideForCallers(key).map(warning),
      ...shortOf(key).map(warning),
      ...encodedOf(key).map(warning),
      ...exchangeOf(key),
      ...rules.flat(),
    ].join('\n')
  })
  const warnings = paragraphs.join('\n').split(mark).length - 1
  return [
    ...paragraphs,
    'The secrets go nowhere else. The relay rejects every other request before it calls an API.',
    warnings === 0
      ? 'No rule is wide.'
      : `${warnings} ${warnings === 1 ? 'line' : 'lines'} marked with ! may allow more than you intended.`,
  ].join('\n\n')
}

const mark = '    ! '
const warning = (text: string) => mark + text

function shortOf({ values }: Key): string[] {
  const isShort = values.some((value) =>
    secretsOf(value).some((secret) => secret !== notLookedAt && isGuessableSecret(secret, value.publicPrefix)),
  )
  return isShort
    ? [
        'The unknown part of its secret is short. Callers can guess it if the API shows their text. Use a longer secret if the API supports it.',
      ]
    : []
}

function exchangeOf(key: Key): string[] {
  const exchange = exchangeInWords(key)
  if (!exchange) return []
  return [`  ${exchange}; the ${key.sign ? 'signature' : 'token'}`, ...wideForToken(key).map(warning)]
}

function encodedOf({ values }: Key): string[] {
  return values.some((value) => secretsOf(value).some(isBasicCredentials))
    ? [
        'Its secret is a user and a password in base64. Store only the password, and write Authorization: Basic user:$CLIENT_SECRET in the request.',
      ]
    : []
}

const notLookedAt = 'not-looked-at'

/** Fills in missing secrets, so that a review or CI can read the rules without them. */
export function withSecrets(options: RelayOptions): RelayOptions {
  const { keys } = options as { keys?: unknown }
  if (typeof keys !== 'object' || keys === null) return options
  const filled = Object.entries(keys as Record<string, KeyOptions>).map(([name, key]) => [
    name,
    typeof key === 'object' && key !== null ? { ...key, secret: withoutGaps(key) } : key,
  ])
  return { ...options, keys: Object.fromEntries(filled) as RelayOptions['keys'] }
}

const pem = {
  namedCurve: 'P-256',
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
} as const

function withoutGaps({ secret, token }: KeyOptions): NonNullable<KeyOptions['secret']> {
  if (!secret && token?.grant === 'jwt-bearer') return generateKeyPairSync('ec', pem).privateKey
  if (typeof secret !== 'object' || secret === null) return secret || notLookedAt
  return Object.fromEntries(Object.entries(secret).map(([name, value]) => [name, value || notLookedAt]))
}
