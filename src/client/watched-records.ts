import { ClientSecretError } from '../protocol/errors.ts'
import { expiredMessage, isSettled, type ClientSecretRecord } from '../protocol/record.ts'
import type { PauseReason } from './page-visibility.ts'
import type { RecordVersion } from './transport.ts'

/** The callbacks for one record. */
export interface Watcher {
  /** Upper bound on the age of the record, in milliseconds. */
  interval: () => number
  /** Called with every change of the record; a settled one is the last. */
  onRecord: (record: ClientSecretRecord) => void
  /** Called when the polling pauses, with the reason, and with `undefined` when it continues. */
  onPause: (reason: PauseReason | undefined) => void
  /** Called when the polling ends early: with an error, or without one after `stop`. */
  onEnd: (error?: ClientSecretError) => void
}

interface Entry {
  version: string | undefined
  /** By the clock of this machine. */
  expiry: number
  watchers: Set<Watcher>
}

/** The records that a client polls, with their watchers. */
export interface WatchedRecords {
  add: (seen: RecordVersion, watcher: Watcher) => void
  remove: (id: string, watcher: Watcher) => void
  size: () => number
  /** The next records to poll, at most `count`. Longer lists take turns. */
  next: (count: number) => RecordVersion[]
  /** The shortest interval of these records. */
  interval: (records: RecordVersion[]) => number
  /** Passes a record to its watchers; false without a change. */
  deliver: (record: ClientSecretRecord) => boolean
  /** Ends the polling of a record; false without a watcher. */
  end: (id: string, error?: ClientSecretError) => boolean
  /** Ends those that have expired, while the relay is unavailable. */
  endExpired: (records: RecordVersion[]) => void
  pause: (reason: PauseReason | undefined) => void
}

/** @param onEmpty Called when the last record is removed. */
export function createWatchedRecords(onEmpty: () => void): WatchedRecords {
  const entries = new Map<string, Entry>()

  function take(id: string): Watcher[] {
    const watchers = [...(entries.get(id)?.watchers ?? [])]
    entries.delete(id)
    if (entries.size === 0) onEmpty()
    return watchers
  }

  function end(id: string, error?: ClientSecretError): boolean {
    const watchers = take(id)
    for (const { onEnd } of watchers) onEnd(error)
    return watchers.length > 0
  }

  return {
    end,
    size: () => entries.size,
    add(seen, watcher) {
      const { id, version } = seen
      const entry = entries.get(id) ?? { version, expiry: localExpiry(seen), watchers: new Set() }
      // A watcher with an older version, or none, needs the current record.
      if (entry.version !== version) entry.version = undefined
      entry.watchers.add(watcher)
      entries.set(id, entry)
    },
    remove(id, watcher) {
      const watchers = entries.get(id)?.watchers
      if (watchers?.delete(watcher) && watchers.size === 0) take(id)
    },
    next: (count) =>
      [...entries].slice(0, count).map(([id, entry]) => {
        entries.delete(id)
        entries.set(id, entry)
        return { id, version: entry.version }
      }),
    interval: (records) =>
      Math.min(...records.flatMap(({ id }) => Array.from(entries.get(id)!.watchers, ({ interval }) => interval()))),
    deliver(record) {
      const { id, version } = record
      const entry = entries.get(id)
      if (!entry || entry.version === version) return false
      entry.version = version
      entry.expiry = localExpiry(record)
      const watchers = isSettled(record) ? take(id) : [...entry.watchers]
      for (const { onRecord } of watchers) onRecord(record)
      return true
    },
    endExpired(records) {
      for (const { id } of records)
        if ((entries.get(id)?.expiry ?? Infinity) <= Date.now())
          end(id, new ClientSecretError('EXPIRED', expiredMessage, { requestId: id }))
    },
    pause(reason) {
      for (const { watchers } of entries.values()) for (const { onPause } of [...watchers]) onPause(reason)
    },
  }
}

/** When a record expires, by the clock of this machine. The relay's clock may differ. */
function localExpiry(seen: RecordVersion): number {
  const { expiresAt, updatedAt } = seen as Partial<ClientSecretRecord>
  return expiresAt === undefined || updatedAt === undefined ? Infinity : Date.now() + expiresAt - updatedAt
}
