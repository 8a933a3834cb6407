/** Tells those who hold a poll that something they wait for has changed. */
export interface Changes {
  /** `topics`: ids of records, and keys of queues. */
  announce(...topics: (string | null)[]): void
  /** Listens from now on, so that nothing between reading and waiting is missed. */
  listen(topics: readonly string[]): Listener
  /** Lets everybody go on, now and from now on. */
  close(): void
  isClosed(): boolean
}

export interface Listener {
  add(topics: readonly string[]): void
  /** Resolves when a topic was announced since the last call, or after `milliseconds`, or when the signal fires. */
  next(milliseconds: number, signal?: AbortSignal): Promise<void>
  stop(): void
}

export function createChanges(): Changes {
  const listeners = new Map<string, Set<() => void>>()
  let closed = false

  return {
    announce(...topics) {
      for (const topic of topics) if (topic !== null) for (const wake of listeners.get(topic) ?? []) wake()
    },

    listen(topics) {
      const mine = new Set<string>()
      let heard = false
      let wake = () => {}
      const hear = () => {
        heard = true
        wake()
      }
      const add = (more: readonly string[]) => {
        for (const topic of more) {
          mine.add(topic)
          listeners.set(topic, (listeners.get(topic) ?? new Set()).add(hear))
        }
      }
      add(topics)
      return {
        add,
        async next(milliseconds, signal) {
          if (!heard && !closed && !signal?.aborted && milliseconds > 0) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, milliseconds)
              wake = () => (clearTimeout(timer), resolve())
              signal?.addEventListener('abort', wake, { once: true })
            })
            signal?.removeEventListener('abort', wake)
          }
          heard = false
        },
        stop() {
          for (const topic of mine) {
            const hearers = listeners.get(topic)
            hearers?.delete(hear)
            if (hearers?.size === 0) listeners.delete(topic)
          }
        },
      }
    },

    isClosed: () => closed,

    close() {
      closed = true
      for (const hearers of [...listeners.values()]) for (const wake of hearers) wake()
    },
  }
}
