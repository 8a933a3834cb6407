/** Tells those who hold a poll that something they wait for has changed. */
export interface Changes {
  /** `topics`: ids of records, and keys of queues. */
  announce(...topics: (string | null)[]): void
  /** The same, for the other relays alone. */
  tellOthers(topic: string): void
  /** Calls back whenever the topic is announced, until the function it gives is called. */
  on(topic: string, hear: () => void): () => void
  /** Listens from now on, so that nothing between reading and waiting is missed. */
  listen(topics: readonly string[]): Listener
  /** Resolves at a time, or when the topic is announced, the relay stops or the signal fires. */
  until(topic: string, time: number, signal?: AbortSignal): Promise<void>
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

/** Carries announcements from and to the other relays of the same database. */
export interface Signals {
  /** Cheap: what it takes happens later. */
  send(topics: readonly string[]): void
  /** `everything`: some may have been missed. */
  onReceive(hear: (topics: readonly string[] | 'everything') => void): void
}

/** What the call that is under way in a line listens to, at whichever relay it is. */
export function cancellationOf(line: string): string {
  return `cancel ${line}`
}

/** setTimeout takes no more milliseconds than this. */
export const longestTimer = 2 ** 31 - 1

export function createChanges(signals?: Signals): Changes {
  const hearers = new Map<string, Set<() => void>>()
  let closed = false

  function wake(topics: Iterable<string>): void {
    for (const topic of topics) for (const hear of hearers.get(topic) ?? []) hear()
  }
  signals?.onReceive((topics) => wake(topics === 'everything' ? [...hearers.keys()] : topics))

  const changes: Changes = {
    announce(...topics) {
      const named = topics.filter((topic) => topic !== null)
      wake(named)
      if (named.length > 0) signals?.send(named)
    },

    tellOthers: (topic) => signals?.send([topic]),

    on(topic, hear) {
      hearers.set(topic, (hearers.get(topic) ?? new Set()).add(hear))
      return () => {
        const others = hearers.get(topic)
        others?.delete(hear)
        if (others?.size === 0) hearers.delete(topic)
      }
    },

    listen(topics) {
      const mine = new Map<string, () => void>()
      let heard = false
      let wake = () => {}
      const hear = () => {
        heard = true
        wake()
      }
      const add = (more: readonly string[]) => {
        for (const topic of more) if (!mine.has(topic)) mine.set(topic, changes.on(topic, hear))
      }
      add(topics)
      return {
        add,
        async next(milliseconds, signal) {
          if (!heard && !closed && !signal?.aborted && milliseconds > 0) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, Math.min(milliseconds, longestTimer))
              wake = () => (clearTimeout(timer), resolve())
              signal?.addEventListener('abort', wake, { once: true })
            })
            signal?.removeEventListener('abort', wake)
          }
          heard = false
        },
        stop() {
          for (const forget of mine.values()) forget()
        },
      }
    },

    async until(topic, time, signal) {
      const listener = changes.listen([topic])
      await listener.next(time - Date.now(), signal)
      listener.stop()
    },

    isClosed: () => closed,

    close() {
      closed = true
      wake([...hearers.keys()])
    },
  }
  return changes
}
