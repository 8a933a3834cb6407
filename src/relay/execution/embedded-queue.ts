import type { PubSub } from '../database/pub-sub.ts'
import { runRecords, type Lease, type WorkerDeps } from './queue-worker.ts'
import { createPlaces } from '../common/semaphore.ts'
import type { Queue } from './queue.ts'

/**
 * Milliseconds for which a queue rests after its process died during a call. Few APIs notice a lost connection, and
 * an API that goes on would do two calls of a queue at a time.
 */
const restAfterDeath = 5_000

interface KeyState {
  /** A record arrived since the last look. */
  hasMore: boolean
}

/** The queue of a single process. It knows only which concurrency keys run; the records know what waits. */
export async function createEmbeddedQueue(parts: WorkerDeps & { pubSub: PubSub }): Promise<Queue> {
  const { records, pubSub } = parts
  const active = new Map<string, KeyState>()
  const slots = createPlaces()
  const running = new Set<Promise<void>>()
  const closing = new AbortController()

  function leaseOf(concurrencyKey: string, state: KeyState): Lease {
    let hasRun = false
    // Other keys have waited longer when the slots do not suffice.
    const isUsedUp = () => hasRun && slots.free() < 0
    const lease: Lease = {
      isOver: () => closing.signal.aborted || isUsedUp(),
      async claimNext() {
        const [record = null] = await records.take([concurrencyKey])
        if (record) hasRun = true
        return record
      },
      // There is no other relay.
      show: async () => true,
      async pause({ id, notBefore }) {
        slots.leave()
        await pubSub.until(id, notBefore, closing.signal)
        await slots.wait()
        // It has waited behind the other keys already.
        hasRun = false
      },
      async end() {
        state.hasMore = false
        const head = await records.next(concurrencyKey)
        if (head) return head
        // A record may have arrived after the look.
        if (state.hasMore) return lease.end()
        active.delete(concurrencyKey)
        return null
      },
      rest: (milliseconds) => pubSub.until(concurrencyKey, Date.now() + milliseconds, closing.signal),
    }
    return lease
  }

  function run(concurrencyKey: string): void {
    const known = active.get(concurrencyKey)
    if (known) {
      known.hasMore = true
      return
    }
    const state = { hasMore: false }
    active.set(concurrencyKey, state)
    const run = runInTurn(concurrencyKey, state)
    running.add(run)
    void run.then(() => running.delete(run))
  }

  async function runInTurn(concurrencyKey: string, state: KeyState): Promise<void> {
    // A key without records is not active any more. One with records has made room for others.
    while (active.get(concurrencyKey) === state && !closing.signal.aborted) {
      await slots.wait()
      await runRecords(concurrencyKey, leaseOf(concurrencyKey, state), parts)
      slots.leave()
    }
  }

  // Records of an earlier process.
  await records.postponeInterrupted(restAfterDeath)
  for (const concurrencyKey of await records.lines()) run(concurrencyKey)

  return {
    add: async (concurrencyKey, transaction) => transaction.afterCommit(() => run(concurrencyKey)),
    // There is no other relay.
    beat: async () => {},
    takeOver: async () => {},
    async close() {
      closing.abort()
      await Promise.all(running)
    },
  }
}
