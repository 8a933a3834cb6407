import { isClientSecretError } from '../../protocol/errors.ts'
import type { Logger } from '../common/logger.ts'
import type { Database } from '../database/database.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { createHeldSecrets } from './held-secrets.ts'
import { keysTopic, readStoredKeys, type StoredKey } from './key-table.ts'
import { keyOf, secretsOf, type Key, type KeySettings, type KeyValue } from './key.ts'
import type { SecretIndex } from './redaction/secret-index.ts'
import { decryptValues, permissionsOf } from './encrypted-key.ts'

/** A key of the database. */
export interface LoadedKey {
  row: StoredKey
  /** Undefined if this relay cannot use the key. */
  key: Key | undefined
  /** Why it cannot. */
  problem: string | undefined
}

/** The keys of the database, as this relay last read them. */
export interface StoredKeys {
  get(name: string): LoadedKey | undefined
  all(): LoadedKey[]
  /** Reads the database. The result contains everything that was committed before the call. */
  load(): Promise<void>
  /** Tries this value first from now on; false if it is first already, or is not a value of the key. */
  tryFirst(name: string, version: number): boolean
  close(): Promise<void>
}

interface StoredKeysDeps {
  database: Database
  pubSub: PubSub
  settings: KeySettings
  /** Holds the values of the options already. */
  secrets: SecretIndex
  logger: Logger
}

/** Milliseconds between two reads without a notification: a notification may be lost. */
const reloadInterval = 10_000

/** Reads the keys of the database now, at each change, and at intervals. */
export async function openStoredKeys({
  database,
  pubSub,
  settings,
  secrets,
  logger,
}: StoredKeysDeps): Promise<StoredKeys> {
  const held = createHeldSecrets(secrets)
  let loaded = new Map<string, LoadedKey>()
  let warned = new Set<string>()
  let loading: Promise<void> | undefined
  let isStale = false

  function load(): Promise<void> {
    isStale = true
    return (loading ??= loadUntilFresh())
  }

  async function loadUntilFresh(): Promise<void> {
    try {
      while (isStale) {
        isStale = false
        const rows = await readStoredKeys(database)
        const read = new Map(rows.map((row) => [row.name, loadedKey(row, loaded.get(row.name), settings)]))
        // The redactor knows each value before a request can use it.
        held.set([...read.values()].flatMap(({ key }) => key?.values ?? []).flatMap(eachOf))
        loaded = read
      }
    } finally {
      loading = undefined
    }
    warn()
  }

  /** Logs each warning once, and again if it comes back. */
  function warn(): void {
    const warnings = [...loaded.values()].flatMap((one) => warningsOf(one, settings))
    for (const warning of warnings) if (!warned.has(warning)) logger.warn({}, warning)
    warned = new Set(warnings)
  }

  function reload(): void {
    if (pubSub.isClosed()) return
    load().catch((error: unknown) => {
      if (!isClientSecretError(error))
        logger.error({ err: error }, 'cannot read the keys; the relay tries again in a few seconds')
    })
  }

  await load()
  const unsubscribe = pubSub.on(keysTopic, reload)
  const timer = setInterval(reload, reloadInterval).unref()

  return {
    load,
    get: (name) => loaded.get(name),
    all: () => [...loaded.values()],
    tryFirst(name, version) {
      const found = loaded.get(name)
      if (!found?.key || found.key.values[0]?.version === version) return false
      const values = [...found.key.values].sort((one) => (one.version === version ? -1 : 1))
      if (values[0]?.version !== version) return false
      loaded.set(name, { ...found, key: { ...found.key, values } })
      return true
    },
    async close() {
      unsubscribe()
      clearInterval(timer)
      await loading?.catch(() => {})
      held.close()
    },
  }
}

/** Each secret of a value. */
const eachOf = (value: KeyValue) => secretsOf(value).map((secret) => ({ ...value, secret }))

function loadedKey(row: StoredKey, before: LoadedKey | undefined, { masterKeys }: KeySettings): LoadedKey {
  if (before && isSame(before.row, row)) return { ...before, row }
  const decrypted = decryptValues(masterKeys, row)
  if (!decrypted.values) {
    // Another relay has re-encrypted the key, and this relay is about to get the new master key: the values are the same.
    if (decrypted.cause === 'master key is missing' && before?.key && isSameUse(before.row, row))
      return { ...before, row }
    return { row, key: undefined, problem: decrypted.problem }
  }
  try {
    const key = keyOf(row.name, decrypted.values, { ...permissionsOf(row), changedAt: row.updatedAt })
    return { row, key, problem: undefined }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      row,
      key: undefined,
      problem: `The relay does not use the key "${row.name}", because it cannot read its row in the database: ${reason}`,
    }
  }
}

function warningsOf({ row: { name }, key, problem }: LoadedKey, settings: KeySettings): string[] {
  return [
    problem,
    settings.keys.has(name) &&
      `The relay does not use the registered key "${name}": keys.${name} in its options has the same name and comes first. Remove one of the two.`,
    key?.locked &&
      !settings.hasAuthenticate &&
      `Callers cannot use the key "${name}": it is locked, and the relay has no authenticate to say who is signed in. Give the relay the option authenticate, or unlock the key.`,
  ].filter((warning) => typeof warning === 'string')
}

// With the time of creation: a name that was removed and added again is another key.
const useFields = ['createdAt', 'locked', 'allow', 'limits', 'settings', 'version', 'previousVersion'] as const
const valueFields = ['value', 'previousValue', 'masterKey'] as const

function isSameUse(one: StoredKey, other: StoredKey): boolean {
  return useFields.every((field) => one[field] === other[field])
}

function isSame(one: StoredKey, other: StoredKey): boolean {
  return isSameUse(one, other) && valueFields.every((field) => one[field] === other[field])
}
