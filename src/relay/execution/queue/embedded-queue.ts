import { runRecords, type Lease, type QueueDeps } from './queue-worker.ts'
import type { OwnedKey } from '../../database/stored-record.ts'
import { restAfterDeath, type Queue } from './queue.ts'

interface KeyState {
  /** A record arrived since the last check. */
  hasMore: boolean
}

/** The queue of a single process. It knows only which concurrency keys run; the records know what waits. */
export async function createEmbeddedQueue(parts: QueueDeps): Promise<Queue> {
  const { records, pubSub, slots } = parts
  const active = new Map<string, KeyState>()
  const running = new Set<Promise<void>>()
  const closing = new AbortController()

  function leaseOf({ concurrencyKey, owner }: OwnedKey, state: KeyState): Lease {
    let hasRun = false
    // If others wait for a slot, this concurrency key gives its slot up after one record: they have waited longer.
    const isUsedUp = () => hasRun && slots.available() < 0
    const lease: Lease = {
      isOver: () => closing.signal.aborted || isUsedUp(),
      async claimNext() {
        const [record = null] = await records.take([{ concurrencyKey, lease: null }])
        if (record) hasRun = true
        return record
      },
      // There is no other relay.
      show: async () => true,
      async pause({ id, notBefore }) {
        slots.release(owner)
        await pubSub.until(id, notBefore, closing.signal)
        await slots.acquire(owner)
        // It has waited behind the other keys already.
        hasRun = false
      },
      async end() {
        state.hasMore = false
        const head = await records.next(concurrencyKey)
        if (head) return head
        // A record may have arrived after the check.
        if (state.hasMore) return lease.end()
        active.delete(concurrencyKey)
        return null
      },
      rest: (milliseconds) => pubSub.until(concurrencyKey, Date.now() + milliseconds, closing.signal),
    }
    return lease
  }

  function run(key: OwnedKey): void {
    const known = active.get(key.concurrencyKey)
    if (known) {
      known.hasMore = true
      return
    }
    const state = { hasMore: false }
    active.set(key.concurrencyKey, state)
    const run = runInTurn(key, state)
    running.add(run)
    void run.then(() => running.delete(run))
  }

  async function runInTurn(key: OwnedKey, state: KeyState): Promise<void> {
    // A key without records is no longer active. A key with records has made room for others.
    while (active.get(key.concurrencyKey) === state && !closing.signal.aborted) {
      await slots.acquire(key.owner)
      await runRecords(key.concurrencyKey, leaseOf(key, state), parts)
      slots.release(key.owner)
    }
  }

  // Records of an earlier process.
  await records.postponeInterrupted(restAfterDeath)
  for (const key of await records.concurrencyKeys()) run(key)

  return {
    add: async ({ concurrencyKey, owner }, transaction) =>
      transaction.afterCommit(() => run({ concurrencyKey, owner })),
    // There is no other relay.
    beat: async () => {},
    takeOver: async () => {},
    async close() {
      closing.abort()
      await Promise.all(running)
    },
  }
}
