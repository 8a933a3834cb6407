import { userInfo } from 'node:os'
import { errorAnswerSchema } from '../protocol/record-schema.ts'
import {
  keyAnswerSchema,
  keyCheckAnswerSchema,
  keyListSchema,
  keyRemovalSchema,
  type KeyChange,
  type KeyEntry,
  type Words,
} from '../protocol/keys.ts'
import { tokenVariable } from '../relay/http/administrator.ts'
import { createChanges } from '../relay/database/pub-sub.ts'
import { isPostgres } from '../relay/database/database.ts'
import { openKeyStore } from '../relay/keys/key-store.ts'
import { readOptions, type RelayOptions } from '../relay/options.ts'
import { createSecretIndex } from '../relay/keys/redaction/secret-index.ts'
import { masterKeyVariable } from '../relay/keys/encryption.ts'
import { openStorage } from '../relay/execution/storage.ts'
import { withSecrets } from './check.ts'

/** Where keys are registered: in the database of a config, or at a relay that runs. */
export interface KeyService {
  list(): Promise<KeyEntry[]>
  check(name: string, change: KeyChange): Promise<Words>
  put(name: string, change: KeyChange): Promise<KeyEntry>
  remove(name: string): Promise<boolean>
  close(): Promise<void>
}

/** Milliseconds until the relays of a Postgres can be told of a change. */
const longestConnect = 3_000

/** Works on the database itself, so that no relay need run; those that do run on it hear of what is changed. */
export async function inDatabase(
  options: RelayOptions,
  environment: Record<string, string | undefined>,
): Promise<KeyService> {
  // Of the keys of the options only the names matter here, so nobody needs their values at hand.
  const settings = readOptions(withSecrets(options), { [masterKeyVariable]: environment[masterKeyVariable] })
  if (settings.database === undefined)
    throw new Error(
      'The config names no database, so what is registered would be gone with this process. Set its option database.',
    )
  // What there is to say stands in the list.
  const logger = { info() {}, warn() {}, error: (details: object, message: string) => console.error(message, details) }
  const storage = await openStorage(settings.database, logger).catch((error: unknown) => {
    throw inWordsOfTheCommand(error)
  })
  const changes = createChanges(storage.signals)
  const secrets = createSecretIndex()
  const store = await openKeyStore({ database: storage.database, changes, settings, secrets, logger }).catch(
    async (error: unknown) => {
      await storage.database.close()
      throw inWordsOfTheCommand(error)
    },
  )
  // From when it is connected on, which wakes everybody, what is announced is heard.
  if (isPostgres(settings.database)) await changes.until('connected', Date.now() + longestConnect)
  const who = `command (${userInfo().username})`
  return {
    list: () => store.list(),
    check: async (name, change) => (await store.check(name, { ...change })).words,
    put: (name, change) => store.put(name, { ...change }, who),
    remove: (name) => store.remove(name, who),
    async close() {
      await store.close()
      await storage.database.close()
    },
  }
}

function inWordsOfTheCommand(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const message = error.message.replace(/^The relay does not start: /, 'The keys cannot be opened: ')
  return new Error(
    error.name === 'DatabaseInUseError'
      ? `${message.replace(/ A SQLite file serves one process; .*/, '')} A SQLite file serves one process. Let that relay do it: give --relay with its address, and the token in ${tokenVariable}. Or stop it first.`
      : message,
    { cause: error },
  )
}

/** Asks a relay that runs, as the page does. */
export function atRelay(address: string, environment: Record<string, string | undefined>): KeyService {
  const token = environment[tokenVariable]
  if (!token) throw new Error(`To use a relay that runs, give its token in the environment variable ${tokenVariable}.`)
  const { protocol, hostname } = URL.canParse(address) ? new URL(address) : { protocol: '', hostname: '' }
  if (protocol !== 'https:' && !(protocol === 'http:' && /^(localhost|127\..+|\[::1\])$/.test(hostname)))
    throw new Error(
      '--relay must be an address such as https://app.example.com/relay. Only one of this machine may begin with http:, because the value and the token would travel unencrypted.',
    )

  async function ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${address.replace(/\/$/, '')}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      // The token is for this address and no other.
      redirect: 'error',
    }).catch((cause: unknown) => {
      throw new Error(`The relay could not be reached at ${address}. Does it run there, at this very path?`, { cause })
    })
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok) return answer
    const refused = errorAnswerSchema.safeParse(answer)
    throw new Error(
      refused.success
        ? refused.data.error.message
        : `What answers at ${address} is no relay: it answered ${response.status}.`,
    )
  }

  return {
    list: async () => keyListSchema.parse(await ask('GET', '/keys')).keys,
    check: async (name, change) =>
      keyCheckAnswerSchema.parse(await ask('POST', '/keys/check', { name, ...change })).words,
    put: async (name, change) =>
      keyAnswerSchema.parse(await ask('PUT', `/keys/${encodeURIComponent(name)}`, change)).key,
    remove: async (name) => keyRemovalSchema.parse(await ask('DELETE', `/keys/${encodeURIComponent(name)}`)).removed,
    async close() {},
  }
}
