import { formContext } from '../common/config-error.ts'
import { decrypt, encrypt, masterKeyVariable, type Bound, type MasterKey } from './encryption.ts'
import type { CompiledRule } from './key-rules.ts'
import type { StoredKey } from './key-table.ts'
import { checkUse } from './check-key.ts'
import { settingsOf, settingsText } from './key-settings.ts'
import type { Key, KeyOptions, KeyUse, KeyValue } from './key.ts'

/** Everything of a stored key except its values. */
export type KeyWithoutValues = Omit<StoredKey, 'version' | 'value' | 'previousVersion' | 'previousValue' | 'masterKey'>

/** The row of a key with these values, the newest first. */
export function encryptKey(masterKey: MasterKey, row: KeyWithoutValues, values: readonly KeyValue[]): StoredKey {
  const [current, previous] = values
  const versions = { version: current!.version, previousVersion: previous?.version ?? null }
  const encryptValue = (value: KeyValue) =>
    encrypt(masterKey, textOf(value), bindingOf({ ...row, ...versions }, value.version))
  return {
    ...row,
    ...versions,
    value: encryptValue(current!),
    previousValue: previous ? encryptValue(previous) : null,
    masterKey: masterKey.id,
  }
}

export type DecryptedValues =
  { values: KeyValue[] } | { values: null; cause: 'master key is missing' | 'row was changed'; problem: string }

/** The values of a row, the newest first; or the reason why this relay cannot decrypt them. */
export function decryptValues(masterKeys: readonly MasterKey[], row: StoredKey): DecryptedValues {
  const masterKey = masterKeys.find(({ id }) => id === row.masterKey)
  if (!masterKey)
    return {
      values: null,
      cause: 'master key is missing',
      problem: `This relay cannot use the key "${row.name}": its ${masterKeyVariable} does not hold the master key that encrypts it. Start this relay with the master keys of the other relays.`,
    }
  const values = decryptBoth(masterKey, row)
  if (values) return { values }
  return {
    values: null,
    cause: 'row was changed',
    problem: `The relay does not use the key "${row.name}": something other than a relay changed its row in the database, so its value does not decrypt. Remove the key and add it again, and find out who can write to the database.`,
  }
}

function decryptBoth(masterKey: MasterKey, row: StoredKey): KeyValue[] | null {
  if ((row.previousVersion === null) !== (row.previousValue === null)) return null
  const decryptValue = (encrypted: string, version: number) => {
    const text = decrypt(masterKey, encrypted, bindingOf(row, version))
    return text === null ? null : { version, ...valueOf(text, row) }
  }
  const current = decryptValue(row.value, row.version)
  const previous = row.previousValue === null ? undefined : decryptValue(row.previousValue, row.previousVersion!)
  if (!current || previous === null) return null
  return previous ? [current, previous] : [current]
}

/** Several values are one text. */
function textOf({ secret, named }: KeyValue): string {
  return named ? JSON.stringify(Object.fromEntries(named)) : secret
}

/** The binding vouches for the settings, and so for the form of the text. */
function valueOf(text: string, { settings }: StoredKey): Pick<KeyValue, 'secret' | 'named'> {
  const { values } = JSON.parse(settings) as { values?: string[] }
  if (!values) return { secret: text }
  const named = JSON.parse(text) as Record<string, string>
  return { secret: '', named: new Map(values.map((name) => [name, named[name]!])) }
}

/** A value is bound to all columns that decide how far it may go: a change of one of them makes it undecryptable. */
function bindingOf(
  row: Pick<StoredKey, 'name' | 'locked' | 'allow' | 'limits' | 'settings' | 'version' | 'previousVersion'>,
  version: number,
): Bound[] {
  const { name, previousVersion, locked, allow, limits, settings } = row
  const bound = ['value of a key', name, row.version, previousVersion ?? 0, version, locked, allow, limits]
  // As before there were settings, so that values from then still decrypt.
  return settings === noSettings ? bound : [...bound, settings]
}

const noSettings = settingsText({})

export function permissionsOf({ locked, allow, limits, settings }: StoredKey): KeyUse & Pick<Key, 'token' | 'sign'> {
  const given = { locked, allow: JSON.parse(allow) as KeyOptions['allow'], limits: JSON.parse(limits) as object }
  const { names, ...ofValue } = settingsOf(settings, formContext)
  return { ...checkUse(given, formContext, names), ...ofValue }
}

/** The rules of a row; none if they are unreadable, so that every new rule counts as wider. */
export function rulesOf(row: StoredKey): readonly CompiledRule[] {
  try {
    return permissionsOf(row).rules
  } catch {
    return []
  }
}
