import { ClientSecretError } from '../../protocol/errors.ts'
import type { AuditEntry } from '../../protocol/keys.ts'
import { configError, formContext } from '../common/config-error.ts'
import { masterKeyVariable } from './encryption.ts'
import { refuseSecretsOutside, textsOf, withoutSecrets, type Given, type KeyChangeRead } from './key-change.ts'
import { settingsText } from './key-settings.ts'
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
  const { name, value, use } = change
  const [masterKey] = settings.masterKeys
  if (!masterKey)
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `This relay has no master key to encrypt values with, so it stores none. Set its environment variable ${masterKeyVariable} to the output of client-secret-relay master-key, and restart it.`,
    )
  checkAgainstSettings(change, row, settings)
  const values = row ? valuesOf(row, settings) : []
  const secrets = [...(value ? [value] : []), ...values].flatMap(textsOf)
  return withoutSecrets(secrets, () => {
    if (secrets.length > 0) refuseSecretsOutside(secrets, change)
    const wider = row && widening(change, row)
    if (wider && !value) throw configError({ ...formContext, subject: wider.subject }, wider.problem, wider.path)
    const now = Date.now()
    const nextValues = valuesAfter(values, value, wider !== null)
    const isRotated = row !== null && nextValues[0]?.version !== row.version
    const before = row ?? { name, createdAt: now, uses: 0, lastUsedAt: null, fellBackAt: null }
    const written = {
      locked: use.locked,
      allow: JSON.stringify(use.allow),
      limits: JSON.stringify(use.limits),
      settings: settingsText(change.settings),
    }
    const next = encryptKey(
      masterKey,
      { ...before, ...written, updatedAt: now, ...(isRotated && { fellBackAt: null }) },
      nextValues,
    )
    return { next, entries: row ? entriesOf(row, next, isRotated) : ['added'] }
  })
}

function entriesOf(row: StoredKey, next: StoredKey, isRotated: boolean): AuditEntry['what'][] {
  const isChanged = row.allow !== next.allow || row.limits !== next.limits || row.settings !== next.settings
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

/** Why a change needs the value, as an error at a path. */
interface Widening {
  subject: string
  problem: string
  path: string
  /** The index of the rule; undefined for token, signature and names. */
  index?: number
}

/** The first way in which a change lets the value go further; null if there is none. */
export function widening({ use, settings }: KeyChangeRead, row: StoredKey): Widening | null {
  if (settingsText(settings) !== row.settings) {
    const path = settings.token ? 'token' : settings.sign ? 'sign' : 'values'
    const problem = `changes what the relay makes of the value, which may show it. ${giveItAgain}`
    return { subject: 'This token, signature or list of values', problem, path }
  }
  const wider = widerReach(rulesOf(row), use.rules)
  if (!wider) return null
  const { index, field } = wider
  return { subject: 'This rule', problem: valueNeededFor(wider), path: `allow[${index}].${field}`, index }
}

const giveItAgain =
  'Give the value again in the same change to show that you know it; or remove the key and add it again.'

/**
 * Completes "This rule" or "Rule 1".
 *
 * Administrators may change keys, and may not read values. A rule for a server of their own would send them a value,
 * and so would a place that an API shows. So only a person who knows the value can widen its use.
 */
function valueNeededFor({ where }: WiderReach): string {
  return `lets the value go ${where}, which the key did not allow before. ${giveItAgain}`
}

/** The values after the change, the newest first. */
function valuesAfter(values: readonly KeyValue[], value: Given | undefined, isWider: boolean): readonly KeyValue[] {
  const [current] = values
  if (!value) return values
  const given = current && isSame(value, current) ? current : { version: (current?.version ?? 0) + 1, ...value }
  // A wider key keeps only the value that was given: the relay would send the other one after a 401.
  if (isWider || !current) return [given]
  return given === current ? values : [given, current]
}

function isSame(one: Given, other: Given): boolean {
  const textOf = ({ secret, named }: Given) => JSON.stringify([secret, ...(named ?? [])])
  return textOf(one) === textOf(other)
}
