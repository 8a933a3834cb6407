import { setImmediate } from 'node:timers/promises'

/** Publishes changes to held polls and other listeners. */
export interface PubSub {
  /** @param topics Ids of records, concurrency keys, and `keys`. */
  publish(...topics: (string | null)[]): void
  /** Publishes to the listeners of this relay only, to a few in each turn of the event loop: each may have work. */
  wakeInTurns(topics: Iterable<string>): Promise<void>
  /** Publishes to the other relays only. */
  publishToPeers(topic: string): void
  /** Calls the handler at each publication of the topic. Returns a function that unsubscribes. */
  on(topic: string, handler: () => void): () => void
  /** Listens from now on, so that no change between reading and waiting is lost. */
  subscribe(topics: readonly string[]): Listener
  /** Resolves at this time, or earlier when the topic is published, the relay stops or the signal aborts. */
  until(topic: string, time: number, signal?: AbortSignal): Promise<void>
  /** Ends all waits, and lets later ones end at once. */
  close(): void
  isClosed(): boolean
}

export interface Listener {
  add(topics: readonly string[]): void
  /** Resolves when a topic was published since the last call, after `milliseconds`, or when the signal aborts. */
  next(milliseconds: number, signal?: AbortSignal): Promise<void>
  stop(): void
}

/** Carries topics to and from the other relays of the same database. */
export interface PeerChannel {
  /** Returns at once and sends later. */
  send(topics: readonly string[]): void
  /** `everything`: some topics may be lost. */
  onReceive(handler: (topics: readonly string[] | 'everything') => void): void
}

/** The topic that cancels the running call of a concurrency key, at any relay. */
export function cancellationOf(concurrencyKey: string): string {
  return `cancel ${concurrencyKey}`
}

/** The maximum of setTimeout, in milliseconds. */
export const maxTimer = 2 ** 31 - 1

/** Topics. */
const wokenAtOnce = 10

export function createPubSub(peers?: PeerChannel): PubSub {
  const handlers = new Map<string, Set<() => void>>()
  let closed = false

  function wake(topics: Iterable<string>): void {
    for (const topic of topics) for (const handler of handlers.get(topic) ?? []) handler()
  }
  peers?.onReceive((topics) => wake(topics === 'everything' ? [...handlers.keys()] : topics))

  const pubSub: PubSub = {
    publish(...topics) {
      const named = topics.filter((topic) => topic !== null)
      wake(named)
      if (named.length > 0) peers?.send(named)
    },

    async wakeInTurns(topics) {
      let woken = 0
      for (const topic of topics) {
        if (!handlers.has(topic)) continue
        wake([topic])
        if (++woken % wokenAtOnce === 0) await setImmediate()
      }
    },

    publishToPeers: (topic) => peers?.send([topic]),

    on(topic, handler) {
      handlers.set(topic, (handlers.get(topic) ?? new Set()).add(handler))
      return () => {
        const others = handlers.get(topic)
        others?.delete(handler)
        if (others?.size === 0) handlers.delete(topic)
      }
    },

    subscribe(topics) {
      const mine = new Map<string, () => void>()
      let heard = false
      let wake = () => {}
      const handler = () => {
        heard = true
        wake()
      }
      const add = (more: readonly string[]) => {
        for (const topic of more) if (!mine.has(topic)) mine.set(topic, pubSub.on(topic, handler))
      }
      add(topics)
      return {
        add,
        async next(milliseconds, signal) {
          if (!heard && !closed && !signal?.aborted && milliseconds > 0) {
            await new Promise<void>((resolve) => {
              const timer = setTimeout(resolve, Math.min(milliseconds, maxTimer))
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
      const listener = pubSub.subscribe([topic])
      await listener.next(time - Date.now(), signal)
      listener.stop()
    },

    isClosed: () => closed,

    close() {
      closed = true
      wake([...handlers.keys()])
    },
  }
  return pubSub
}
