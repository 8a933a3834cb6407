/** A queue of this name, in the relay's option `queues`. All its limits count for all callers and relays together. */
export interface QueueOptions {
  /** One queue for all callers. Without it, each caller has a queue of its own. */
  shared: true
  /** Most calls at once. Default: no limit. One of `maxConcurrency` and `perMinute` is required. */
  maxConcurrency?: number | undefined
  /** Most calls that begin within any 60 seconds. Default: no limit. */
  perMinute?: number | undefined
  /** Callers take turns, one call each. With `false`, requests run in the order of arrival. Default `true`. */
  fair?: boolean | undefined
}

/** A shared queue, with its defaults. */
export interface SharedQueue {
  name: string
  maxConcurrency: number
  perMinute: number
  isFair: boolean
}

/** The shared queues by name. */
export type SharedQueues = ReadonlyMap<string, SharedQueue>

export function readQueues(options: Record<string, QueueOptions>): SharedQueues {
  return new Map(
    Object.entries(options).map(([name, { maxConcurrency = Infinity, perMinute = Infinity, fair = true }]) => [
      name,
      { name, maxConcurrency, perMinute, isFair: fair },
    ]),
  )
}
