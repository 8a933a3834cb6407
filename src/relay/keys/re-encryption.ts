import { startFailure } from '../common/config-error.ts'
import type { Logger } from '../common/logger.ts'
import type { Database } from '../database/database.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { masterKeyVariable, type MasterKey } from './encryption.ts'
import { keysLock, keysTopic, readStoredKeys, writeStoredKey, type StoredKey } from './key-table.ts'
import { decryptValues, encryptKey } from './encrypted-key.ts'

/**
 * Stops the start with a wrong master key: every request would fail, and new keys would be encrypted with another
 * master key than the old ones.
 */
export function checkMasterKeys(rows: readonly StoredKey[], masterKeys: readonly MasterKey[]): void {
  const unknown = rows.filter((row) => !masterKeys.some(({ id }) => id === row.masterKey))
  const [first] = unknown
  if (!first) return
  const needed = `${unknown.length} of the ${rows.length} registered keys in its database need the one with the id ${first.masterKey}`
  const remedy = 'Start the relay with the right one; the database is unchanged.'
  if (masterKeys.length === 0)
    throw startFailure({
      reason: `the master key is missing: ${needed}, and the environment variable ${masterKeyVariable} is not set`,
      remedy,
    })
  const given = `${masterKeyVariable} holds ${masterKeys.map(({ id }) => id).join(', ')}`
  throw startFailure(
    unknown.length === rows.length
      ? {
          reason: `the master key is not the one from before: ${needed}; ${given}`,
          remedy: `${remedy} To change to a new master key, write the new one, a comma, and the old one.`,
        }
      : {
          reason: `a master key is missing: ${needed}; ${given}`,
          remedy: 'Add the missing one at the end, after a comma; the database is unchanged.',
        },
  )
}

interface ReEncryptionDeps {
  database: Database
  pubSub: PubSub
  masterKeys: readonly MasterKey[]
  logger: Logger
}

/** Encrypts with the newest master key the values that an older one encrypted. */
export async function reEncrypt({ database, pubSub, masterKeys, logger }: ReEncryptionDeps): Promise<void> {
  const [newest] = masterKeys
  const isOlder = ({ masterKey }: StoredKey) => newest && masterKey !== newest.id
  if (!newest || !(await readStoredKeys(database)).some(isOlder)) return
  const names = await database.transaction([keysLock], async (transaction) => {
    const done: string[] = []
    for (const row of (await readStoredKeys(transaction)).filter(isOlder)) {
      const { values } = decryptValues(masterKeys, row)
      // A row that was changed by hand must not become valid by re-encryption.
      if (!values) continue
      await writeStoredKey(transaction, encryptKey(newest, row, values))
      done.push(row.name)
    }
    return done
  })
  pubSub.publish(keysTopic)
  logger.info({ keys: names, masterKey: newest.id }, 'the relay encrypted these keys with the newest master key')
}
