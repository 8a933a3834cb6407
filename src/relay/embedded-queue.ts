import type { Changes } from './changes.ts'
import { runLine, type Hold, type LineParts } from './line.ts'
import type { Queue } from './queue.ts'

/** The queue of a single process. It knows only which lines are being run; what waits in them is in the records. */
export async function createEmbeddedQueue(parts: LineParts & { changes: Changes }): Promise<Queue> {
  const { records, changes } = parts
  const lines = new Map<string, { hasMore: boolean }>()
  const running = new Set<Promise<void>>()
  const closing = new AbortController()

  function holdOf(line: string, state: { hasMore: boolean }): Hold {
    const hold: Hold = {
      isOver: () => closing.signal.aborted,
      take: async () => (await records.take([line]))[0] ?? null,
      pause: ({ id, notBefore }) => changes.until(id, notBefore, closing.signal),
      async end() {
        state.hasMore = false
        const head = await records.next(line)
        if (head) return head
        // It may have arrived after we looked.
        if (state.hasMore) return hold.end()
        lines.delete(line)
        return null
      },
      rest: (milliseconds) => changes.until(line, Date.now() + milliseconds, closing.signal),
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
    const run = runLine(line, holdOf(line, state), parts)
    running.add(run)
    void run.then(() => running.delete(run))
  }

  // What an earlier process has left.
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
