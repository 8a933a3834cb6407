import type { KeyEntry } from '../../protocol/keys.ts'
import { describeKey } from './describe-rule.ts'
import type { Usage } from './key-table.ts'
import type { Key } from './key.ts'
import type { LoadedKey } from './loaded-keys.ts'
import { addedUp } from './usage-counter.ts'

/** The last four characters of a value are shown only if it is at least this long: the rest must stay a secret. */
const minForEnding = 20

/** A key of the database, as the console and the CLI list it. */
export function entryOfStored({ row, key, problem }: LoadedKey, sinceWrite: Usage, isOverridden: boolean): KeyEntry {
  const { uses, lastUsedAt, fellBackAt } = addedUp(row, sinceWrite)
  const secret = key?.values.find(({ version }) => version === row.version)?.secret ?? ''
  return {
    name: row.name,
    source: 'store',
    isOverridden: isOverridden || undefined,
    locked: key?.locked ?? true,
    allow: [...(key?.allow ?? [])],
    limits: key?.limits ?? {},
    token: key?.token && { ...key.token },
    sign: key?.sign && { ...key.sign },
    values: namesOf(key),
    words: key ? describeKey(key) : { callers: 'No caller.', rules: [], warnings: problem ? [problem] : [] },
    version: row.version,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    lastUsedAt,
    uses,
    problem,
    fellBackAt: fellBackAt ?? undefined,
    ending: endingOf(secret),
  }
}

/** A key of the options, as the console and the CLI list it. */
export function entryOfOption(key: Key, { uses, lastUsedAt }: Usage): KeyEntry {
  const { name, locked, allow, limits, values } = key
  return {
    name,
    source: 'options',
    locked,
    allow: [...allow],
    limits,
    values: namesOf(key),
    words: describeKey(key),
    version: 1,
    createdAt: null,
    updatedAt: null,
    lastUsedAt,
    uses,
    ending: endingOf(values[0]?.secret ?? ''),
  }
}

/** By name; of two with the same name, the key of the options first, because the relay uses that one. */
export function sortedEntries(entries: readonly KeyEntry[]): KeyEntry[] {
  return [...entries].sort((one, other) =>
    one.name < other.name ? -1 : one.name > other.name ? 1 : one.source === 'options' ? -1 : 1,
  )
}

function namesOf(key: Key | undefined): string[] | undefined {
  const named = key?.values[0]?.named
  return named && [...named.keys()]
}

function endingOf(secret: string): string | undefined {
  // Every private key has the same ending.
  return !secret.includes('-----') && secret.length >= minForEnding ? secret.slice(-4) : undefined
}
