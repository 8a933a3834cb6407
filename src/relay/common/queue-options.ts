/** A queue of this name, in the relay's option `queues`. All its limits count for all callers and relays together. */
export interface QueueOptions {
  /** One queue for all callers. Without it, each caller has a queue of its own. */
  shared: true
  /** Most calls at once. Default: no limit. One of `maxConcurrency` and `perMinute` is required. */
  maxConcurrency?: number | undefined
  /** Most calls that begin within any 60 seconds. Default: no limit. */
  perMinute?: number | undefined
  /** Most unsettled requests: of all callers, of visitors together half as many, of one caller a tenth. Beyond it, the relay refuses requests with `QUEUE_FULL`. Default 10,000. */
  maxWaiting?: number | undefined
  /** Names of the keys whose requests may use the queue. Default: all. */
  keys?: string[] | undefined
  /** Callers take turns, one call each. With `false`, requests run in the order of arrival. Default `true`. */
  fair?: boolean | undefined
}

/** A shared queue, with its defaults. */
export interface SharedQueue {
  name: string
  maxConcurrency: number
  perMinute: number
  maxWaiting: number
  /** Undefined: all keys. */
  keys: readonly string[] | undefined
  isFair: boolean
}

/** The shared queues by name. */
export type SharedQueues = ReadonlyMap<string, SharedQueue>

export function readQueues(options: Record<string, QueueOptions>): SharedQueues {
  return new Map(
    Object.entries(options).map(([name, options]) => {
      const { maxConcurrency = Infinity, perMinute = Infinity, maxWaiting = 10_000, keys, fair = true } = options
      return [name, { name, maxConcurrency, perMinute, maxWaiting, keys, isFair: fair }]
    }),
  )
}
