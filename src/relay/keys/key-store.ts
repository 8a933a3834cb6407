import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import type { AuditEntry, KeyCheckAnswer, KeyEntry } from '../../protocol/keys.ts'
import type { Changes } from '../database/pub-sub.ts'
import type { Connection, Database } from '../database/database.ts'
import { createHeldSecrets } from './held-secrets.ts'
import { readChange, refuseSecretsOutside, withoutSecrets, type KeyChangeRead } from './key-change.ts'
import {
  addUsage,
  readChanges,
  readStoredKey,
  readStoredKeys,
  removeStoredKey,
  writeChange,
  writeStoredKey,
  type StoredKey,
  type Usage,
} from './key-table.ts'
import type { CompiledRule } from './key-rules.ts'
import { checkUse, keyOf, noKeys, type Key, type KeyOptions, type Keys, type KeyValue } from './key.ts'
import type { SecretIndex } from './redaction/secret-index.ts'
import { wordsOf } from './describe-rule.ts'
import { masterKeyVariable, open, seal, type Bound, type MasterKey } from './encryption.ts'
import { atField, mistake } from '../common/config-error.ts'
import { widerReach, type WiderReach } from './wider-reach.ts'
import type { Logger } from '../common/logger.ts'

/** All keys: those of the options, and those in the database, whose values are sealed there. */
export interface KeyStore extends Keys {
  /** All of them by name, and of a name that is there twice the one that is used first. */
  list(): Promise<KeyEntry[]>
  /** Says what would become of a change, and saves nothing. Throws as `put` does. */
  check(name: unknown, change: Record<string, unknown>): Promise<KeyCheckAnswer>
  /** Adds a key, or changes it. Throws `INVALID_PARAMETER` with the path of the field, or `KEY_NOT_FOUND`. */
  put(name: string, change: Record<string, unknown>, who: string): Promise<KeyEntry>
  /** False: there was none. */
  remove(name: string, who: string): Promise<boolean>
  /** What was changed, the newest first. */
  audit(): Promise<AuditEntry[]>
  close(): Promise<void>
}

interface StoreParts {
  database: Database
  changes: Changes
  settings: {
    /** Those of the options. */
    keys: ReadonlyMap<string, Key>
    /** What registered keys are encrypted with, the newest first. */
    masterKeys: readonly MasterKey[]
    /** Whether anybody can be signed in. */
    hasAuthenticate: boolean
  }
  /** Has the values of the options already. */
  secrets: SecretIndex
  logger: Logger
}

/** A key of the database, opened as far as that is possible. */
interface Opened {
  row: StoredKey
  key: Key | undefined
  /** Why there is no key. */
  problem: string | undefined
}

/** What the relays of a database tell each other when a key was changed. */
const topic = 'keys'
/** Held by whoever changes keys, so that what is read and then written has not been changed in between. */
const lock = 'client-secret-relay: keys'
/** Milliseconds between looks at the keys that nobody told of, and between two times that uses are written down. */
const lookEvery = 10_000
const writeEvery = 2_000
/** Entries of the audit list that are shown. */
const mostEntries = 200
/** A value of so many characters stays a secret when its last four are known. */
const longEnough = 20

/**
 * Opens the keys of a database.
 *
 * @throws Error, a sentence that says what to do, when keys are sealed with a master key that is not there.
 *   Nothing was changed then.
 */
export async function openKeyStore({ database, changes, settings, secrets, logger }: StoreParts): Promise<KeyStore> {
  // The keys of the options and authenticate are looked up each time: a relay that is kept over reloads gets others.
  const { masterKeys } = settings
  const [newest] = masterKeys
  let opened = new Map<string, Opened>()
  const held = createHeldSecrets(secrets)
  let isTold = new Set<string>()
  let counted = new Map<string, Usage>()
  const usesOfOptions = new Map<string, Usage>()
  let loading: Promise<void> | undefined
  let isAskedAgain = false

  checkMasterKeys(await readStoredKeys(database), masterKeys)
  if (settings.keys.size === 0 && !newest) throw noKeys()
  await sealAnew()
  await load()

  /** Reads what is in the database now. Whoever asks while it is read gets what is read after that. */
  function load(): Promise<void> {
    isAskedAgain = true
    return (loading ??= readAll())
  }

  async function readAll(): Promise<void> {
    try {
      while (isAskedAgain) {
        isAskedAgain = false
        const rows = await readStoredKeys(database)
        const read = new Map(rows.map((row) => [row.name, openRow(row, opened.get(row.name))]))
        // Looked for from before they can be used.
        held.set([...read.values()].flatMap(({ key }) => key?.values.map(({ secret }) => secret) ?? []))
        opened = read
      }
    } finally {
      loading = undefined
    }
    tell()
  }

  function openRow(row: StoredKey, before: Opened | undefined): Opened {
    if (before && isSame(before.row, row)) return { ...before, row }
    const masterKey = masterKeys.find(({ id }) => id === row.masterKey)
    if (!masterKey) {
      // As it was when this relay could read it: another one has a newer master key, and this one is about to get it.
      if (before?.key && isSameUse(before.row, row)) return { ...before, row }
      return { row, key: undefined, problem: sealedElsewhere(row.name) }
    }
    const values = openValues(masterKey, row)
    if (!values) return { row, key: undefined, problem: changedByHand(row.name) }
    try {
      return {
        row,
        key: keyOf(row.name, values, { ...permissionsOf(row), changedAt: row.updatedAt }),
        problem: undefined,
      }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { row, key: undefined, problem: `The key "${row.name}" is not used, because it cannot be read: ${reason}` }
    }
  }

  /** Says of each thing once what somebody should know of the keys. */
  function tell(): void {
    const toTell = [...opened.values()].flatMap(({ row: { name }, key, problem }) => [
      ...(problem ? [problem] : []),
      ...(settings.keys.has(name)
        ? [
            `The key "${name}" that is registered in the database is not used, because keys.${name} of the options wins.`,
          ]
        : []),
      ...(key?.locked && !settings.hasAuthenticate
        ? [
            `The key "${name}" is locked, and nobody can use it, because the relay has no authenticate to say who is signed in.`,
          ]
        : []),
    ])
    for (const sentence of toTell) if (!isTold.has(sentence)) logger.warn({}, sentence)
    // What is over and comes again is said again.
    isTold = new Set(toTell)
  }

  /** Seals with the newest master key what is sealed with an older one. */
  async function sealAnew(): Promise<void> {
    const isOlder = ({ masterKey }: StoredKey) => newest && masterKey !== newest.id
    if (!newest || !(await readStoredKeys(database)).some(isOlder)) return
    const names = await database.transaction([lock], async (transaction) => {
      const done: string[] = []
      for (const row of (await readStoredKeys(transaction)).filter(isOlder)) {
        const values = openValues(
          masterKeys.find(({ id }) => id === row.masterKey),
          row,
        )
        // What was changed by hand must not become right by being sealed.
        if (!values) continue
        await writeStoredKey(transaction, sealed(newest, row, values))
        done.push(row.name)
      }
      return done
    })
    changes.announce(topic)
    logger.info({ keys: names, masterKey: newest.id }, 'keys were sealed with the newest master key')
  }

  async function writeUses(): Promise<void> {
    const toWrite = counted
    counted = new Map()
    for (const [name, usage] of toWrite) {
      try {
        await addUsage(database, name, usage)
      } catch (error) {
        count(counted, name, usage)
        // That the database is away is said elsewhere, once.
        if (!isClientSecretError(error)) logger.error({ err: error }, 'the uses of a key could not be written down')
      }
    }
  }

  function reload(): void {
    if (changes.isClosed()) return
    load().catch((error: unknown) => {
      if (!isClientSecretError(error)) logger.error({ err: error }, 'the keys could not be read; it is tried again')
    })
  }

  const stopListening = changes.on(topic, reload)
  const looking = setInterval(reload, lookEvery).unref()
  const writing = setInterval(() => void writeUses(), writeEvery).unref()

  /** The row as it is to be, and what is to be written down of the change; throws when it must not be. */
  function decide(change: KeyChangeRead, row: StoredKey | null): { next: StoredKey; entries: AuditEntry['what'][] } {
    const { name, secret, use, isNew } = change
    if (!newest)
      throw new ClientSecretError(
        'INVALID_PARAMETER',
        `This relay has no master key to seal values with, so that it keeps none. Set its environment variable ${masterKeyVariable} to what client-secret-relay master-key prints, and start it again.`,
      )
    if (use.locked && !settings.hasAuthenticate)
      throw mistake(
        atField,
        'is locked, and this relay has no authenticate to say who is signed in, so nobody could use it. Unlock it, or give the relay the option authenticate.',
        'locked',
      )
    const isOption = settings.keys.has(name)
    if (isNew && (row || isOption))
      throw mistake(
        { ...atField, subject: 'This name' },
        `is taken by another key${row ? '' : " of the relay's options"}. Choose another name, or change that key.`,
        'name',
      )
    if (!isNew && !row && isOption)
      throw mistake(atField, `stands in the relay's options (keys.${name}). Change it there.`, 'name')
    if (!isNew && !row)
      throw new ClientSecretError('KEY_NOT_FOUND', 'There is no key of this name to change, any more. Add it anew.', {
        path: 'name',
      })
    const values = row ? valuesOf(row) : []
    const written = [...(secret === undefined ? [] : [secret]), ...values.map((value) => value.secret)]
    return withoutSecrets(written, () => {
      if (written.length > 0) refuseSecretsOutside(written, change)
      const wider = row && widerReach(rulesOf(row), use.rules)
      if (wider && secret === undefined)
        throw mistake(
          { ...atField, subject: 'This rule' },
          valueNeededFor(wider),
          `allow[${wider.index}].${wider.field}`,
        )
      const now = Date.now()
      const nextValues = valuesAfter(values, secret, wider !== null)
      const isRotated = row !== null && nextValues[0]?.version !== row.version
      const before = row ?? { name, createdAt: now, uses: 0, lastUsedAt: null, fellBackAt: null }
      const allow = JSON.stringify(use.allow)
      const limits = JSON.stringify(use.limits)
      const isChanged = row && (row.allow !== allow || row.limits !== limits)
      const isLockTurned = row && row.locked !== use.locked
      const next = sealed(
        newest,
        { ...before, locked: use.locked, allow, limits, updatedAt: now, ...(isRotated && { fellBackAt: null }) },
        nextValues,
      )
      return {
        next,
        entries: row
          ? [
              ...(isChanged ? ['changed' as const] : []),
              ...(isLockTurned ? [use.locked ? ('locked' as const) : ('unlocked' as const)] : []),
              ...(isRotated ? ['rotated' as const] : []),
            ]
          : ['added'],
      }
    })
  }

  function valuesOf(row: StoredKey): KeyValue[] {
    const masterKey = masterKeys.find(({ id }) => id === row.masterKey)
    const values = openValues(masterKey, row)
    if (values) return values
    throw new ClientSecretError('INVALID_PARAMETER', masterKey ? changedByHand(row.name) : sealedElsewhere(row.name), {
      path: 'name',
    })
  }

  function usesSince(name: string): Usage {
    return counted.get(name) ?? { uses: 0, lastUsedAt: null, fellBackAt: null }
  }

  function entryOfRow({ row, key, problem }: Opened): KeyEntry {
    const since = usesSince(row.name)
    const secret = key?.values.find(({ version }) => version === row.version)?.secret ?? ''
    return {
      name: row.name,
      source: 'store',
      isOverridden: settings.keys.has(row.name) || undefined,
      locked: key?.locked ?? true,
      allow: [...(key?.allow ?? [])],
      limits: key?.limits ?? {},
      words: key ? wordsOf(key) : { callers: 'Nobody.', rules: [], warnings: problem ? [problem] : [] },
      version: row.version,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      lastUsedAt: latest(row.lastUsedAt, since.lastUsedAt),
      uses: row.uses + since.uses,
      problem,
      fellBackAt: latest(row.fellBackAt, since.fellBackAt) ?? undefined,
      ending: endingOf(secret),
    }
  }

  function entryOfOption(key: Key): KeyEntry {
    const { uses, lastUsedAt } = usesOfOptions.get(key.name) ?? { uses: 0, lastUsedAt: null }
    const { name, locked, limits, values } = key
    return {
      name,
      source: 'options',
      locked,
      allow: [...key.allow],
      limits,
      words: wordsOf(key),
      version: 1,
      createdAt: null,
      updatedAt: null,
      lastUsedAt,
      uses,
      ending: endingOf(values[0]?.secret ?? ''),
    }
  }

  const get = (name: string) => settings.keys.get(name) ?? opened.get(name)?.key

  return {
    get,

    async getNewest(name) {
      if (!settings.keys.has(name)) await load()
      return get(name)
    },

    worked(name, version) {
      const found = opened.get(name)
      if (!found?.key || settings.keys.has(name)) return
      const values = [...found.key.values].sort((one) => (one.version === version ? -1 : 1))
      if (found.key.values[0]?.version === version || values[0]?.version !== version) return
      opened.set(name, { ...found, key: { ...found.key, values } })
      if (version === found.row.version) return
      count(counted, name, { uses: 0, lastUsedAt: null, fellBackAt: Date.now() })
      logger.warn(
        { key: name, version: found.row.version, workedWith: version },
        `an API refused the newest value of the key "${name}" with 401 and took the one before, which is tried first from now on; is the newest one right, and valid already?`,
      )
    },

    used(name) {
      count(settings.keys.has(name) ? usesOfOptions : counted, name, {
        uses: 1,
        lastUsedAt: Date.now(),
        fellBackAt: null,
      })
    },

    async list() {
      await load()
      return [...[...settings.keys.values()].map(entryOfOption), ...[...opened.values()].map(entryOfRow)].sort(
        (one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : one.source === 'options' ? -1 : 1),
      )
    },

    async check(name, body) {
      const change = readChange(name, body, { isDraft: true })
      const row = await readStoredKey(database, change.name)
      const wider = row && widerReach(rulesOf(row), change.use.rules)
      // The value may come later; the rest is the same without it.
      const isAwaited = change.secret === undefined && (!row || wider !== null)
      decide(isAwaited ? { ...change, secret: 'not looked at' } : change, row)
      const valueNeeded = isAwaited && wider ? `Rule ${wider.index + 1} ${valueNeededFor(wider)}` : undefined
      return { words: wordsOf(change.use), valueNeeded }
    },

    async put(name, body, who) {
      const change = readChange(name, body)
      await database.transaction([lock], async (transaction) => {
        const row = await readStoredKey(transaction, change.name)
        const { next, entries } = decide(change, row)
        if (entries.length > 0) await writeStoredKey(transaction, next)
        for (const what of entries) await write(transaction, { who, what, key: change.name, version: next.version })
      })
      changes.announce(topic)
      await load()
      const found = opened.get(change.name)
      if (found) return entryOfRow(found)
      throw new ClientSecretError('KEY_NOT_FOUND', 'The key was saved, and removed by somebody else since.', {
        path: 'name',
      })
    },

    async remove(name, who) {
      const version = await database.transaction([lock], async (transaction) => {
        const removed = await removeStoredKey(transaction, name)
        if (removed !== null) await write(transaction, { who, what: 'removed', key: name, version: removed })
        return removed
      })
      if (version === null && settings.keys.has(name))
        throw mistake(atField, `stands in the relay's options (keys.${name}). Remove it there.`, 'name')
      changes.announce(topic)
      await load()
      return version !== null
    },

    audit: () => readChanges(database, mostEntries),

    async close() {
      stopListening()
      clearInterval(looking)
      clearInterval(writing)
      await loading?.catch(() => {})
      held.close()
      await writeUses()
    },
  }
}

/** A wrong master key must not start: every request would fail, and what is registered anew would be sealed with another one. */
function checkMasterKeys(rows: readonly StoredKey[], masterKeys: readonly MasterKey[]): void {
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

/** What the values of a row are bound to: everything by which somebody could make them go further. */
function bindingOf(
  row: Pick<StoredKey, 'name' | 'locked' | 'allow' | 'limits' | 'version' | 'previousVersion'>,
  version: number,
): Bound[] {
  return ['value of a key', row.name, row.version, row.previousVersion ?? 0, version, row.locked, row.allow, row.limits]
}

type Unsealed = Omit<StoredKey, 'version' | 'value' | 'previousVersion' | 'previousValue' | 'masterKey'>

function sealed(masterKey: MasterKey, row: Unsealed, values: readonly KeyValue[]): StoredKey {
  const [current, previous] = values
  const versions = { version: current!.version, previousVersion: previous?.version ?? null }
  const sealedValue = ({ version, secret }: KeyValue) =>
    seal(masterKey, secret, bindingOf({ ...row, ...versions }, version))
  return {
    ...row,
    ...versions,
    value: sealedValue(current!),
    previousValue: previous ? sealedValue(previous) : null,
    masterKey: masterKey.id,
  }
}

/** The newest first; null where one of them was sealed as something else than it is now. */
function openValues(masterKey: MasterKey | undefined, row: StoredKey): KeyValue[] | null {
  if (!masterKey || (row.previousVersion === null) !== (row.previousValue === null)) return null
  const openValue = (sealed: string, version: number) => {
    const secret = open(masterKey, sealed, bindingOf(row, version))
    return secret === null ? null : { version, secret }
  }
  const current = openValue(row.value, row.version)
  const previous = row.previousValue === null ? undefined : openValue(row.previousValue, row.previousVersion!)
  if (!current || previous === null) return null
  return previous ? [current, previous] : [current]
}

function permissionsOf({ locked, allow, limits }: StoredKey): ReturnType<typeof checkUse> {
  const given = { locked, allow: JSON.parse(allow) as KeyOptions['allow'], limits: JSON.parse(limits) as object }
  return checkUse(given, atField)
}

/** None where they cannot be read any more: then everything is further than before. */
function rulesOf(row: StoredKey): readonly CompiledRule[] {
  try {
    return permissionsOf(row).rules
  } catch {
    return []
  }
}

const usedFields = ['locked', 'allow', 'limits', 'version', 'previousVersion'] as const

function isSameUse(one: StoredKey, other: StoredKey): boolean {
  // A name that was removed and added anew is another key.
  return one.createdAt === other.createdAt && usedFields.every((field) => one[field] === other[field])
}

function isSame(one: StoredKey, other: StoredKey): boolean {
  const isSealedAlike = (['value', 'previousValue', 'masterKey'] as const).every((field) => one[field] === other[field])
  return isSealedAlike && isSameUse(one, other)
}

function changedByHand(name: string): string {
  return `The key "${name}" is not used, because it was changed in the database by other means than the relay's: its value does not open as what stands beside it. Remove it and register it anew, and find out who can write there.`
}

function sealedElsewhere(name: string): string {
  return `The key "${name}" is not used by this relay, because it is sealed with a master key that is not in its ${masterKeyVariable}. Start the relay with the master keys that the others have.`
}

function endingOf(secret: string): string | undefined {
  return secret.length >= longEnough ? secret.slice(-4) : undefined
}

async function write(connection: Connection, entry: Omit<AuditEntry, 'at'>): Promise<void> {
  await writeChange(connection, { ...entry, who: entry.who.slice(0, 200), at: Date.now() })
}

function count(into: Map<string, Usage>, name: string, usage: Usage): void {
  const before = into.get(name) ?? { uses: 0, lastUsedAt: null, fellBackAt: null }
  into.set(name, {
    uses: before.uses + usage.uses,
    lastUsedAt: latest(before.lastUsedAt, usage.lastUsedAt),
    fellBackAt: latest(before.fellBackAt, usage.fellBackAt),
  })
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other)
}

/**
 * Whoever may look after keys may not read their values; a rule for a server of
 * their own would hand them over, and so would a place that an API shows. So a
 * value goes further than before only with somebody who knows it.
 */
function valueNeededFor({ where }: WiderReach): string {
  return `lets the value go ${where}, where it could not go before. Give the value again in the same change, which shows that you know it; or remove the key and add it anew.`
}

/** The values of a key, the newest first, when one is given or none. */
function valuesAfter(values: readonly KeyValue[], secret: string | undefined, isWider: boolean): readonly KeyValue[] {
  const [current] = values
  if (secret === undefined) return values
  const given = secret === current?.secret ? current : { version: (current?.version ?? 0) + 1, secret }
  // Where the key may go further, no value goes along that was not given: another one would be tried after a 401.
  if (isWider || !current) return [given]
  return given === current ? values : [given, current]
}
