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
import { createPubSub } from '../relay/database/pub-sub.ts'
import { isPostgres } from '../relay/database/database.ts'
import { openKeyStore } from '../relay/keys/key-store.ts'
import { readOptions, type RelayOptions } from '../relay/options.ts'
import { createSecretIndex } from '../relay/keys/redaction/secret-index.ts'
import { masterKeyVariable } from '../relay/keys/encryption.ts'
import { openStorage } from '../relay/execution/queue/open-storage.ts'
import { withSecrets } from './check.ts'

/** The registered keys of a database, or of a running relay. */
export interface KeyService {
  list(): Promise<KeyEntry[]>
  check(name: string, change: KeyChange): Promise<Words>
  put(name: string, change: KeyChange): Promise<KeyEntry>
  remove(name: string): Promise<boolean>
  close(): Promise<void>
}

/** How long to wait for the connection that notifies other relays, in milliseconds. */
const maxConnect = 3_000

/** Changes the database directly, so no relay needs to run. Relays on the same Postgres are notified. */
export async function inDatabase(
  options: RelayOptions,
  environment: Record<string, string | undefined>,
): Promise<KeyService> {
  // Only the names of the option's keys matter here, so their secrets may be missing.
  const settings = readOptions(withSecrets(options), { [masterKeyVariable]: environment[masterKeyVariable] })
  if (settings.database === undefined)
    throw new Error(
      'The config has no database, so registered keys would be lost when this process ends. Set the option database.',
    )
  // The list shows all warnings.
  const logger = { info() {}, warn() {}, error: (details: object, message: string) => console.error(message, details) }
  const storage = await openStorage(settings.database, logger).catch((error: unknown) => {
    throw rephrased(error)
  })
  const pubSub = createPubSub(storage.peers)
  const secrets = createSecretIndex()
  const store = await openKeyStore({ database: storage.database, pubSub, settings, secrets, logger }).catch(
    async (error: unknown) => {
      await storage.database.close()
      throw rephrased(error)
    },
  )
  // Other relays receive notifications from this connection on.
  if (isPostgres(settings.database)) await pubSub.until('connected', Date.now() + maxConnect)
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

function rephrased(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const message = error.message.replace(/^The relay does not start: /, 'Cannot open the keys: ')
  return new Error(
    error.name === 'DatabaseInUseError'
      ? `${message.replace(/ A SQLite file serves one process; .*/, '')} A SQLite file serves one process. Send the change to that relay: give --relay with its address, and the token in ${tokenVariable}. Or stop the relay first.`
      : message,
    { cause: error },
  )
}

/** Calls a running relay, as the console page does. */
export function atRelay(address: string, environment: Record<string, string | undefined>): KeyService {
  const token = environment[tokenVariable]
  if (!token) throw new Error(`To use a running relay, set its token in the environment variable ${tokenVariable}.`)
  const { protocol, hostname } = URL.canParse(address) ? new URL(address) : { protocol: '', hostname: '' }
  if (protocol !== 'https:' && !(protocol === 'http:' && /^(localhost|127\..+|\[::1\])$/.test(hostname)))
    throw new Error(
      '--relay must be an address such as https://app.example.com/relay. Only a loopback address may use http:, because the value and the token would travel unencrypted.',
    )

  async function ask(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${address.replace(/\/$/, '')}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      // Do not send the token to another address.
      redirect: 'error',
    }).catch((cause: unknown) => {
      throw new Error(`Could not reach the relay at ${address}. Check that it runs there, at this path.`, { cause })
    })
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok) return answer
    const refused = errorAnswerSchema.safeParse(answer)
    throw new Error(
      refused.success
        ? refused.data.error.message
        : `The server at ${address} is not a relay: it answered ${response.status}. Check the address.`,
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
