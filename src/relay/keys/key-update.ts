import { ClientSecretError } from '../../protocol/errors.ts'
import type { AuditEntry } from '../../protocol/keys.ts'
import { configError, formContext } from '../common/config-error.ts'
import { masterKeyVariable } from './encryption.ts'
import { refuseSecretsOutside, withoutSecrets, type KeyChangeRead } from './key-change.ts'
import type { StoredKey } from './key-table.ts'
import type { KeySettings, KeyValue } from './key.ts'
import { decryptValues, encryptKey, rulesOf } from './encrypted-key.ts'
import { widerReach, type WiderReach } from './wider-reach.ts'

/** What a change writes. */
export interface KeyUpdate {
  next: StoredKey
  /** For the audit list; empty if the change changes nothing. */
  entries: AuditEntry['what'][]
}

/**
 * Works out what a change writes.
 *
 * @param row The key as it is now; null if the database has none of this name.
 * @throws ClientSecretError `INVALID_PARAMETER` with the path of the field, or `KEY_NOT_FOUND`.
 */
export function updateOf(change: KeyChangeRead, row: StoredKey | null, settings: KeySettings): KeyUpdate {
  const { name, secret, use } = change
  const [masterKey] = settings.masterKeys
  if (!masterKey)
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `This relay has no master key to encrypt values with, so it stores none. Set its environment variable ${masterKeyVariable} to the output of client-secret-relay master-key, and restart it.`,
    )
  checkAgainstSettings(change, row, settings)
  const values = row ? valuesOf(row, settings) : []
  const secrets = [...(secret === undefined ? [] : [secret]), ...values.map((value) => value.secret)]
  return withoutSecrets(secrets, () => {
    if (secrets.length > 0) refuseSecretsOutside(secrets, change)
    const wider = row && widerReach(rulesOf(row), use.rules)
    if (wider && secret === undefined)
      throw configError(
        { ...formContext, subject: 'This rule' },
        valueNeededFor(wider),
        `allow[${wider.index}].${wider.field}`,
      )
    const now = Date.now()
    const nextValues = valuesAfter(values, secret, wider !== null)
    const isRotated = row !== null && nextValues[0]?.version !== row.version
    const before = row ?? { name, createdAt: now, uses: 0, lastUsedAt: null, fellBackAt: null }
    const written = { locked: use.locked, allow: JSON.stringify(use.allow), limits: JSON.stringify(use.limits) }
    const next = encryptKey(
      masterKey,
      { ...before, ...written, updatedAt: now, ...(isRotated && { fellBackAt: null }) },
      nextValues,
    )
    return { next, entries: row ? entriesOf(row, next, isRotated) : ['added'] }
  })
}

function entriesOf(row: StoredKey, next: StoredKey, isRotated: boolean): AuditEntry['what'][] {
  const isChanged = row.allow !== next.allow || row.limits !== next.limits
  const isLockTurned = row.locked !== next.locked
  return [
    ...(isChanged ? ['changed' as const] : []),
    ...(isLockTurned ? [next.locked ? ('locked' as const) : ('unlocked' as const)] : []),
    ...(isRotated ? ['rotated' as const] : []),
  ]
}

/** Refuses a key without possible callers, and a name that is taken, missing, or in the options. */
function checkAgainstSettings(
  { name, use, isNew }: KeyChangeRead,
  row: StoredKey | null,
  { keys, hasAuthenticate }: KeySettings,
): void {
  if (use.locked && !hasAuthenticate)
    throw configError(
      formContext,
      'is locked, but this relay has no authenticate to say who is signed in. Unlock it, or give the relay the option authenticate.',
      'locked',
    )
  const isOption = keys.has(name)
  if (isNew && (row || isOption))
    throw configError(
      { ...formContext, subject: 'This name' },
      `is taken by another key${row ? '' : " in the relay's options"}. Choose another name, or change that key.`,
      'name',
    )
  if (!isNew && !row && isOption)
    throw configError(formContext, `is in the relay's options (keys.${name}). Change it there.`, 'name')
  if (!isNew && !row)
    throw new ClientSecretError(
      'KEY_NOT_FOUND',
      'There is no key of this name to change. Another administrator may have removed it. Add it again.',
      {
        path: 'name',
      },
    )
}

function valuesOf(row: StoredKey, { masterKeys }: KeySettings): KeyValue[] {
  const decrypted = decryptValues(masterKeys, row)
  if (decrypted.values) return decrypted.values
  throw new ClientSecretError('INVALID_PARAMETER', decrypted.problem, { path: 'name' })
}

/**
 * Completes "This rule" or "Rule 1".
 *
 * Administrators may change keys, and may not read values. A rule for a server of their own would send them a value,
 * and so would a place that an API shows. So only a person who knows the value can widen its use.
 */
export function valueNeededFor({ where }: WiderReach): string {
  return `lets the value go ${where}, which the key did not allow before. Give the value again in the same change to show that you know it; or remove the key and add it again.`
}

/** The values after the change, the newest first. */
function valuesAfter(values: readonly KeyValue[], secret: string | undefined, isWider: boolean): readonly KeyValue[] {
  const [current] = values
  if (secret === undefined) return values
  const given = secret === current?.secret ? current : { version: (current?.version ?? 0) + 1, secret }
  // A wider key keeps only the value that was given: the relay would send the other one after a 401.
  if (isWider || !current) return [given]
  return given === current ? values : [given, current]
}
