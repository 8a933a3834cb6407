import { isClientSecretError } from '../../protocol/errors.ts'
import type { Logger } from '../common/logger.ts'
import type { Database } from '../database/database.ts'
import { addUsage, type Usage } from './key-table.ts'

/** Milliseconds between two writes of the counted uses. */
const writeInterval = 2_000

/** Uses of keys, by name. */
export interface UsageCounts {
  add(name: string, usage: Partial<Usage>): void
  get(name: string): Usage
  /** Gives all counts, and begins from zero. */
  drain(): Map<string, Usage>
}

export interface UsageCounter {
  /** Keys of the options: since the start. */
  ofOptions: UsageCounts
  /** Keys of the database: since the last write. */
  ofStored: UsageCounts
  /** Writes the last counts. */
  close(): Promise<void>
}

/** Counts uses in memory and adds them to the database from time to time, so that no request waits for a write. */
export function createUsageCounter({ database, logger }: { database: Database; logger: Logger }): UsageCounter {
  const ofStored = createUsageCounts()

  async function write(): Promise<void> {
    for (const [name, usage] of ofStored.drain()) {
      try {
        await addUsage(database, name, usage)
      } catch (error) {
        ofStored.add(name, usage)
        // The database logs its outage itself, once.
        if (!isClientSecretError(error))
          logger.error({ err: error }, 'cannot write the uses of a key; the relay tries again in a few seconds')
      }
    }
  }

  const timer = setInterval(() => void write(), writeInterval).unref()
  return {
    ofOptions: createUsageCounts(),
    ofStored,
    close() {
      clearInterval(timer)
      return write()
    },
  }
}

const none: Usage = { uses: 0, lastUsedAt: null, fellBackAt: null }

function createUsageCounts(): UsageCounts {
  let counts = new Map<string, Usage>()
  const get = (name: string) => counts.get(name) ?? none
  return {
    get,
    add: (name, usage) => void counts.set(name, addedUp(get(name), { ...none, ...usage })),
    drain() {
      const drained = counts
      counts = new Map()
      return drained
    },
  }
}

export function addedUp(one: Usage, other: Usage): Usage {
  return {
    uses: one.uses + other.uses,
    lastUsedAt: latest(one.lastUsedAt, other.lastUsedAt),
    fellBackAt: latest(one.fellBackAt, other.fellBackAt),
  }
}

function latest(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other)
}
