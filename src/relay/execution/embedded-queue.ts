import type { PubSub } from '../database/pub-sub.ts'
import { runRecords, type Lease, type WorkerDeps } from './queue-worker.ts'
import { createPlaces } from '../common/semaphore.ts'
import type { Queue } from './queue.ts'

/**
 * Milliseconds for which a queue rests after a process died that was calling an API for it. Few APIs notice that
 * nobody waits for their answer any more, and one that goes on would do two things of a queue at a time.
 */
const restAfterDeath = 5_000

/** The queue of a single process. It knows only which lines are being run; what waits in them is in the records. */
export async function createEmbeddedQueue(parts: WorkerDeps & { pubSub: PubSub }): Promise<Queue> {
  const { records, pubSub } = parts
  const lines = new Map<string, { hasMore: boolean }>()
  const places = createPlaces()
  const running = new Set<Promise<void>>()
  const closing = new AbortController()

  function holdOf(line: string, state: { hasMore: boolean }): Lease {
    let hasRun = false
    // Whoever has waited longer comes first when the places do not suffice.
    const isTired = () => hasRun && places.free() < 0
    const hold: Lease = {
      isOver: () => closing.signal.aborted || isTired(),
      async claimNext() {
        const [record = null] = await records.take([line])
        if (record) hasRun = true
        return record
      },
      // There are no others.
      show: async () => true,
      async pause({ id, notBefore }) {
        places.leave()
        await pubSub.until(id, notBefore, closing.signal)
        await places.wait()
        // It has waited behind the others already.
        hasRun = false
      },
      async end() {
        state.hasMore = false
        const head = await records.next(line)
        if (head) return head
        // It may have arrived after we looked.
        if (state.hasMore) return hold.end()
        lines.delete(line)
        return null
      },
      rest: (milliseconds) => pubSub.until(line, Date.now() + milliseconds, closing.signal),
    }
    return hold
  }

  function run(line: string): void {
    const known = lines.get(line)
    if (known) {
      known.hasMore = true
      return
    }
    const state = { hasMore: false }
    lines.set(line, state)
    const run = runInTurn(line, state)
    running.add(run)
    void run.then(() => running.delete(run))
  }

  async function runInTurn(line: string, state: { hasMore: boolean }): Promise<void> {
    // At its end it is forgotten; before that, it has only made room for others.
    while (lines.get(line) === state && !closing.signal.aborted) {
      await places.wait()
      await runRecords(line, holdOf(line, state), parts)
      places.leave()
    }
  }

  // What an earlier process has left.
  await records.postponeInterrupted(restAfterDeath)
  for (const line of await records.lines()) run(line)

  return {
    add: async (line, transaction) => transaction.afterCommit(() => run(line)),
    // There are no others.
    beat: async () => {},
    takeOver: async () => {},
    async close() {
      closing.abort()
      await Promise.all(running)
    },
  }
}
