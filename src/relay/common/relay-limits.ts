/** How much a caller may ask for, and how much an API may answer; each a whole number above 0. */
export interface RelayLimits {
  /** Largest body of a submit, in bytes. Default 1 MiB. */
  requestBytes?: number | undefined
  /** Largest answer of an upstream, in bytes, counted after decompression. Default 10 MiB. */
  responseBytes?: number | undefined
  /** Longest time an upstream may take for its whole answer, in milliseconds; of a fetch, for the head of it. Default 300,000. */
  upstreamTimeout?: number | undefined
  /** Longest time an upstream may be silent in the middle of its answer to a fetch, in milliseconds. Default 120,000. */
  streamIdleTimeout?: number | undefined
  /** Longest time an upstream may take for the whole body of its answer to a fetch, in milliseconds. Default 3,600,000. */
  streamTimeout?: number | undefined
  /** Most unsettled requests of one caller: those that run in the background, and apart from them, at each relay, those whose answer is waited for. Default 1,000. */
  unsettledPerCaller?: number | undefined
  /** Most requests of one caller in a minute. Default 600. A visitor is counted by session, or by address where `trustProxy` is set. */
  requestsPerMinute?: number | undefined
  /** Most bytes of one caller in a day, sent and received. Default: no limit. */
  bytesPerDay?: number | undefined
  /** Most polls of one caller that are held at once; of visitors also of one address, where `trustProxy` is set. Default 100. */
  heldPollsPerCaller?: number | undefined
  /** Most polls that are held at once, of all callers; of visitors half as many. One more is answered at once. Default 10,000. */
  heldPolls?: number | undefined
  /**
   * Most bytes that are under way at once, of all callers: requests that are read or run, answers that are gathered,
   * and answers until their callers have read them. Visitors together have half of it. Over it, a request is refused
   * with 503 before it is read, and an answer waits at its API. Default 128 MiB, or four times what the largest
   * request and answer take together, if that is more.
   */
  bytesInFlight?: number | undefined
  /** The same of one caller, refused with 429. Default 32 MiB, or twice what the largest request and answer take, if that is more. */
  bytesInFlightPerCaller?: number | undefined
  /**
   * Most bytes of records that a database in memory keeps: the oldest that have settled make room for new ones, as if
   * their time were over. Where unsettled ones alone are as much, visitors are refused, and from a quarter more on
   * everybody. Default 256 MiB.
   */
  bytesInMemory?: number | undefined
  /** How long the caller of a direct request may be gone before its call is ended, in milliseconds: time to come back over a broken connection. Default 10,000. */
  disconnectGracePeriod?: number | undefined
  /** How long a queued request waits at most, in milliseconds from its first attempt on, while its API answers 429 or 503 and names a time to come again. Default 600,000. */
  maxUpstreamWait?: number | undefined
}

/** The limits, with nothing left open. */
export type ReadLimits = { [Name in keyof Omit<RelayLimits, 'bytesPerDay'>]-?: number } & {
  bytesPerDay: number | undefined
}
