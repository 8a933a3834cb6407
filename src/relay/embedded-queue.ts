import type { Changes } from './changes.ts'
import { runLine, type Hold, type LineParts } from './line.ts'
import type { Job, Queue } from './queue.ts'

/** The queue of a single process. It knows only which lines are being run; what waits in them is in the records. */
export async function createEmbeddedQueue(parts: LineParts & { changes: Changes }): Promise<Queue> {
  const { records, changes } = parts
  const lines = new Map<string, { hasMore: boolean }>()
  const running = new Set<Promise<void>>()
  const closing = new AbortController()

  function holdOf(key: string, state: { hasMore: boolean }): Hold {
    return {
      isOver: () => closing.signal.aborted,
      start: (head) => records.start(head),
      pause: ({ id, notBefore }) => changes.until(id, notBefore, closing.signal),
      async end() {
        // It may have arrived after we looked.
        if (state.hasMore) return (state.hasMore = false)
        return lines.delete(key)
      },
      retryAfter: (milliseconds) => changes.until(key, Date.now() + milliseconds, closing.signal),
    }
  }

  function run(job: Job): void {
    const key = job.queueKey ?? job.id
    const known = lines.get(key)
    if (known) {
      known.hasMore = true
      return
    }
    const state = { hasMore: false }
    lines.set(key, state)
    const run = runLine(job, holdOf(key, state), parts)
    running.add(run)
    void run.then(() => running.delete(run))
  }

  // What an earlier process has left.
  for (const line of await records.lines()) run(line)

  return {
    add: async (job, transaction) => transaction.afterCommit(() => run(job)),
    // There are no others.
    beat: async () => {},
    takeOver: async () => {},
    async close() {
      closing.abort()
      await Promise.all(running)
    },
  }
}
