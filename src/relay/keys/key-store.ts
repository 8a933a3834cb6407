import { ClientSecretError } from '../../protocol/errors.ts'
import type { AuditEntry, KeyCheckAnswer, KeyEntry } from '../../protocol/keys.ts'
import { configError, formContext } from '../common/config-error.ts'
import type { Logger } from '../common/logger.ts'
import type { Database } from '../database/database.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { describeKey } from './describe-rule.ts'
import { readChange, type Given, type KeyChangeRead } from './key-change.ts'
import { entryOfOption, entryOfStored, sortedEntries } from './key-entries.ts'
import {
  keysLock,
  keysTopic,
  readAudit,
  readStoredKey,
  readStoredKeys,
  removeStoredKey,
  writeAudit,
  writeStoredKey,
} from './key-table.ts'
import { updateOf, widening } from './key-update.ts'
import { noKeys } from './keys-of-options.ts'
import type { KeySettings, Keys } from './key.ts'
import { checkMasterKeys, reEncrypt } from './re-encryption.ts'
import type { SecretIndex } from './redaction/secret-index.ts'
import { openStoredKeys, type LoadedKey } from './loaded-keys.ts'
import { createSecretSources, type SecretSources } from './secret-sources.ts'
import { createUsageCounter } from './usage-counter.ts'

/** All keys: those of the options, and those of the database, which stores their values encrypted. */
export interface KeyStore extends Keys, Pick<SecretSources, 'open' | 'askAll'> {
  /** All keys, sorted by name. If a name is there twice, the one that the relay uses comes first. */
  list(): Promise<KeyEntry[]>
  /** Says what a change would do, and saves nothing. Throws as `put` does. */
  check(name: unknown, change: Record<string, unknown>): Promise<KeyCheckAnswer>
  /** Adds a key, or changes it. Throws `INVALID_PARAMETER` with the path of the field, or `KEY_NOT_FOUND`. */
  put(name: string, change: Record<string, unknown>, who: string): Promise<KeyEntry>
  /** False if there was no such key. */
  remove(name: string, who: string): Promise<boolean>
  /** The changes of keys, the newest first. */
  audit(): Promise<AuditEntry[]>
  close(): Promise<void>
}

interface KeyStoreDeps {
  database: Database
  pubSub: PubSub
  /** Read at each use: `keepRelay` replaces the keys of the options and `authenticate`. */
  settings: KeySettings
  /** Holds the values of the options already. */
  secrets: SecretIndex
  logger: Logger
}

/** A value in place of the missing one. */
function notLookedAt({ settings: { names } }: KeyChangeRead): Given {
  const secret = 'not looked at'
  return names ? { secret: '', named: new Map(names.map((name) => [name, secret])) } : { secret }
}

/** The audit list shows so many entries. */
const maxAuditEntries = 200

/**
 * Opens the keys of a database.
 *
 * @throws Error if a master key is missing. The message says what to do, and the database is unchanged.
 */
export async function openKeyStore({ database, pubSub, settings, secrets, logger }: KeyStoreDeps): Promise<KeyStore> {
  const { masterKeys } = settings
  checkMasterKeys(await readStoredKeys(database), masterKeys)
  if (settings.keys.size === 0 && masterKeys.length === 0) throw noKeys()
  await reEncrypt({ database, pubSub, masterKeys, logger })
  const sources = createSecretSources({ secrets, logger })
  await sources.open(settings.keys)
  const stored = await openStoredKeys({ database, pubSub, settings, secrets, logger })
  const usage = createUsageCounter({ database, logger })

  const isOption = (name: string) => settings.keys.has(name)
  const get = (name: string) => {
    const option = settings.keys.get(name)
    return option ? sources.filled(option) : stored.get(name)?.key
  }
  const storedEntry = (loaded: LoadedKey) =>
    entryOfStored(loaded, usage.ofStored.get(loaded.row.name), isOption(loaded.row.name))

  /** Makes a change visible here and at the other relays. */
  async function publish(): Promise<void> {
    pubSub.publish(keysTopic)
    await stored.load()
  }

  return {
    get,

    async getNewest(name) {
      const option = settings.keys.get(name)
      await (option ? sources.askAfterRefusal(option) : stored.load())
      return get(name)
    },

    worked(name, version) {
      const option = settings.keys.get(name)
      if (option && sources.tryFirst(option, version))
        logger.warn(
          { key: name, workedWith: version },
          `an API refused the first value of the key "${name}" with 401 and took another one that its source gave; the relay tries that one first from now on`,
        )
      if (option || !stored.tryFirst(name, version)) return
      const newest = stored.get(name)!.row.version
      if (version === newest) return
      usage.ofStored.add(name, { fellBackAt: Date.now() })
      logger.warn(
        { key: name, version: newest, workedWith: version },
        `an API refused the newest value of the key "${name}" with 401 and took the previous one; the relay tries the previous one first from now on. Check that the newest value is right and already valid`,
      )
    },

    used: (name) => (isOption(name) ? usage.ofOptions : usage.ofStored).add(name, { uses: 1, lastUsedAt: Date.now() }),

    async list() {
      await stored.load()
      const ofOptions = [...settings.keys.values()].map((key) =>
        entryOfOption(sources.filled(key), usage.ofOptions.get(key.name)),
      )
      return sortedEntries([...ofOptions, ...stored.all().map(storedEntry)])
    },

    async check(name, body) {
      const change = readChange(name, body, { isDraft: true })
      const row = await readStoredKey(database, change.name)
      const wider = row && widening(change, row)
      // A form checks a key before its value is typed: everything else is checked as if there was one.
      const isValueMissing = !change.value && (!row || wider !== null)
      updateOf(isValueMissing ? { ...change, value: notLookedAt(change) } : change, row, settings)
      const subject = wider?.index === undefined ? wider?.subject : `Rule ${wider.index + 1}`
      const valueNeeded = isValueMissing && wider ? `${subject} ${wider.problem}` : undefined
      return { words: describeKey({ ...change.use, ...change.settings }), valueNeeded }
    },

    async put(name, body, who) {
      const change = readChange(name, body)
      await database.transaction([keysLock], async (transaction) => {
        const row = await readStoredKey(transaction, change.name)
        const { next, entries } = updateOf(change, row, settings)
        if (entries.length > 0) await writeStoredKey(transaction, next)
        for (const what of entries) await writeAudit(transaction, { who, what, key: name, version: next.version })
      })
      await publish()
      const saved = stored.get(change.name)
      if (saved) return storedEntry(saved)
      throw new ClientSecretError(
        'KEY_NOT_FOUND',
        'The key was saved, but another administrator has removed it since. Add it again.',
        {
          path: 'name',
        },
      )
    },

    async remove(name, who) {
      const version = await database.transaction([keysLock], async (transaction) => {
        const removed = await removeStoredKey(transaction, name)
        if (removed !== null) await writeAudit(transaction, { who, what: 'removed', key: name, version: removed })
        return removed
      })
      if (version === null && isOption(name))
        throw configError(formContext, `is in the relay's options (keys.${name}). Remove it there.`, 'name')
      await publish()
      return version !== null
    },

    audit: () => readAudit(database, maxAuditEntries),

    open: sources.open,
    askAll: sources.askAll,

    async close() {
      sources.close()
      await stored.close()
      await usage.close()
    },
  }
}
