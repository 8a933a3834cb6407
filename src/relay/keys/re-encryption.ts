import type { Logger } from '../common/logger.ts'
import type { Database } from '../database/database.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { masterKeyVariable, type MasterKey } from './encryption.ts'
import { keysLock, keysTopic, readStoredKeys, writeStoredKey, type StoredKey } from './key-table.ts'
import { decryptValues, encryptKey } from './stored-key.ts'

/**
 * Stops the start with a wrong master key: every request would fail, and new keys would be encrypted with another
 * master key than the old ones.
 */
export function checkMasterKeys(rows: readonly StoredKey[], masterKeys: readonly MasterKey[]): void {
  const unknown = rows.filter((row) => !masterKeys.some(({ id }) => id === row.masterKey))
  const [first] = unknown
  if (!first) return
  const keys = `${unknown.length} of the ${rows.length} registered keys in its database`
  const remedy = 'Nothing was changed: start it with the right one, and everything is as it was.'
  if (masterKeys.length === 0)
    throw new Error(
      `The relay does not start: the master key is missing. ${keys} are sealed with the one whose id is ${first.masterKey}, and the environment variable ${masterKeyVariable} is not set. ${remedy}`,
    )
  const given = masterKeys.map(({ id }) => id).join(', ')
  throw new Error(
    unknown.length === rows.length
      ? `The relay does not start: the master key is another one than before. ${keys} are sealed with the one whose id is ${first.masterKey}; ${masterKeyVariable} holds ${given}. ${remedy} To change over to a new one, write the new one, a comma, and the old one.`
      : `The relay does not start: a master key is missing. ${keys} are sealed with an older one, whose id is ${first.masterKey}; ${masterKeyVariable} holds ${given}. Write the older one behind, after a comma. ${remedy}`,
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
  logger.info({ keys: names, masterKey: newest.id }, 'keys were sealed with the newest master key')
}
