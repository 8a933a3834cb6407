import type { Job, Queue, Run } from './queue.ts'

/** The queue of a single process. It keeps only the order; what a job is, is in its record. */
export function createEmbeddedQueue(run: Run): Queue {
  /** The last job of each line, on which the next one waits. */
  const lines = new Map<string, Promise<void>>()
  const running = new Set<Promise<void>>()
  let closed = false

  async function start(id: string): Promise<void> {
    if (closed) return
    const job = run(id)
    running.add(job)
    await job
    running.delete(job)
  }

  return {
    async add({ id, queueKey }: Job) {
      if (queueKey === null) {
        void start(id)
        return
      }
      const last = (lines.get(queueKey) ?? Promise.resolve()).then(() => start(id))
      lines.set(queueKey, last)
      void last.then(() => {
        if (lines.get(queueKey) === last) lines.delete(queueKey)
      })
    },
    async close() {
      closed = true
      await Promise.all(running)
    },
  }
}
