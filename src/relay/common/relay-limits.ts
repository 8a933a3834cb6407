import { startError } from './config-error.ts'

/** Bytes of a request's own overhead: connections, headers and waits. They also cover an answer of this size. */
export const bytesOfRequest = 64 * 1024

/** Limits for callers and for answers of APIs; each a whole number above 0. */
export interface RelayLimits {
  /** Largest body of a submit, in bytes. Default 1 MiB. */
  requestBytes?: number | undefined
  /**
   * Largest upload, in bytes: a body that is neither JSON nor a urlencoded form. Beyond `requestBytes` it passes through
   * the relay as it arrives, to one call, without redirects and repeats. Default 100 MiB.
   */
  uploadBytes?: number | undefined
  /** Largest answer of an upstream, in bytes, counted after decompression. Default 10 MiB. */
  responseBytes?: number | undefined
  /** Largest streamed answer to a fetch, in bytes, counted after decompression. Default 1 GiB. */
  downloadBytes?: number | undefined
  /** Longest time for the whole answer of an upstream, in milliseconds; for a fetch, for the head of the answer. It begins after an upload. Default 300,000. */
  upstreamTimeout?: number | undefined
  /** Longest silence in an upload, or in the answer to a fetch, in milliseconds. Default 120,000. */
  streamIdleTimeout?: number | undefined
  /** Longest time for an upload, or for the body of the answer to a fetch, in milliseconds. Default 3,600,000. */
  streamTimeout?: number | undefined
  /** Most unsettled requests of one caller. Background requests and direct requests count separately, direct ones at each relay. Default 1,000. */
  unsettledPerCaller?: number | undefined
  /** Most requests of one caller in a minute. Default 600. Visitors count by session, or by address if `trustProxy` is set. */
  requestsPerMinute?: number | undefined
  /** Most bytes of one caller in a day, sent and received. Default: no limit. */
  bytesPerDay?: number | undefined
  /**
   * Most tokens of one caller in a day, as the APIs of OpenAI, Anthropic, Gemini and those like them report them.
   * Default: no limit. A call that reports none, such as a stream without its end, counts as the most that it may use.
   */
  tokensPerDay?: number | undefined
  /** Most that one caller spends on tokens in a day, by the option `prices` and in its currency. Default: no limit. */
  costPerDay?: number | undefined
  /** Most held polls of one caller, and of all visitors from one address if `trustProxy` is set. Default 100. */
  heldPollsPerCaller?: number | undefined
  /** Most held polls of all callers; half as many of visitors. The relay answers further polls at once. Default 10,000. */
  heldPolls?: number | undefined
  /**
   * Most calls that one relay makes at once for requests that run in the background. Callers share them fairly: a free
   * slot goes to the waiting caller with the fewest calls. Default 100.
   */
  backgroundCalls?: number | undefined
  /**
   * Most bytes in flight for all callers: requests while the relay reads or runs them, and answers until their callers
   * have read them. Visitors share half of it. Beyond the limit, the relay refuses a request with 503 before it reads
   * it, and lets an answer wait at its API. Default 128 MiB, or four times the largest request and answer together, if
   * that is more.
   */
  bytesInFlight?: number | undefined
  /** Most bytes in flight for one caller. The relay refuses more with 429. Default 32 MiB, or twice the largest request and answer together, if that is more. */
  bytesInFlightPerCaller?: number | undefined
  /**
   * Most bytes of records in a database in memory. The oldest settled records expire early to make room. If the
   * unsettled ones alone reach the limit, the relay refuses visitors; a quarter beyond it, it refuses all callers.
   * Default 256 MiB.
   */
  bytesInMemory?: number | undefined
  /** How long a call goes on after its caller has disconnected, in milliseconds: time to reconnect. Default 10,000. */
  disconnectGracePeriod?: number | undefined
  /** Longest time that a queued request retries while its API answers 429 or 503 with Retry-After, in milliseconds from its first attempt. Default 600,000. */
  maxUpstreamWait?: number | undefined
}

/** The limits with their defaults. */
export type ReadLimits = { [Name in keyof Omit<RelayLimits, LimitOfDay>]-?: number } & {
  [Name in LimitOfDay]: number | undefined
}

/** A limit without a default. */
type LimitOfDay = 'bytesPerDay' | 'tokensPerDay' | 'costPerDay'

/** @throws ClientSecretError `INVALID_PARAMETER` if the bytes in flight have no room for the largest request. */
export function readLimits(limits: RelayLimits): ReadLimits {
  return {
    ...bytesAtOnce(limits),
    uploadBytes: limits.uploadBytes ?? 100 * 2 ** 20,
    downloadBytes: limits.downloadBytes ?? 2 ** 30,
    upstreamTimeout: limits.upstreamTimeout ?? 300_000,
    streamIdleTimeout: limits.streamIdleTimeout ?? 120_000,
    streamTimeout: limits.streamTimeout ?? 3_600_000,
    unsettledPerCaller: limits.unsettledPerCaller ?? 1_000,
    requestsPerMinute: limits.requestsPerMinute ?? 600,
    bytesPerDay: limits.bytesPerDay,
    tokensPerDay: limits.tokensPerDay,
    costPerDay: limits.costPerDay,
    heldPollsPerCaller: limits.heldPollsPerCaller ?? 100,
    heldPolls: limits.heldPolls ?? 10_000,
    backgroundCalls: limits.backgroundCalls ?? 100,
    disconnectGracePeriod: limits.disconnectGracePeriod ?? 10_000,
    maxUpstreamWait: limits.maxUpstreamWait ?? 600_000,
  }
}

/** The limits in bytes. The bytes in flight must have room for at least one request of the largest size. */
function bytesAtOnce(limits: RelayLimits) {
  const { requestBytes = 2 ** 20, responseBytes = 10 * 2 ** 20, bytesInMemory = 256 * 2 ** 20 } = limits
  const largest = requestBytes + responseBytes + bytesOfRequest
  const {
    bytesInFlightPerCaller = Math.max(32 * 2 ** 20, 2 * largest),
    bytesInFlight = Math.max(128 * 2 ** 20, 2 * bytesInFlightPerCaller),
  } = limits
  for (const [name, value, least, reason] of [
    ['bytesInFlightPerCaller', bytesInFlightPerCaller, largest, 'requestBytes, responseBytes and 64 KiB'],
    ['bytesInFlight', bytesInFlight, 2 * largest, 'twice requestBytes, responseBytes and 64 KiB'],
  ] as const) {
    if (value >= least) continue
    throw startError(`limits.${name}`, {
      reason: `limits.${name} must be at least ${least}, ${reason}, so that there is room for one of the largest requests; it is ${value}`,
    })
  }
  return { requestBytes, responseBytes, bytesInFlight, bytesInFlightPerCaller, bytesInMemory }
}
