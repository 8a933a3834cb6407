import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import { expiredMessage, isSettled, type ClientSecretRecord } from '../protocol/record.ts'
import { watchPage, type PauseReason } from './page.ts'
import { errorFromWire } from './read-record.ts'
import { longestTimer, mayPollAgain, retryDelay, sleep } from './retry.ts'
import type { Seen, Transport } from './transport.ts'

/** Who follows a record. */
export interface Watcher {
  /** Upper bound on how old what is seen may be, in milliseconds. */
  interval: number
  /** Called with every change of the record; a settled one is the last. */
  onRecord: (record: ClientSecretRecord) => void
  /** Called when the polling rests, with the reason, and with `undefined` when it goes on. */
  onPause: (reason: PauseReason | undefined) => void
  /** The record has expired, or may not be read. */
  onError: (error: ClientSecretError) => void
  /** Somebody stopped all polling of this record. */
  onStop: () => void
}

export interface Poller {
  /** Follows a record until it is settled, fails, or the returned function is called. */
  watch: (seen: Seen, watcher: Watcher) => () => void
  /** Stops everyone who follows this record. */
  stop: (id: string) => void
}

interface Followed {
  version: string | undefined
  /** By the clock of this machine. */
  expiry: number
  watchers: Set<Watcher>
}

/** The relay holds a poll and answers the moment something changes, so asking more often gains nothing. */
const shortestHold = 100
/** Held longer, a connection would be cut by the proxies on the way. */
const longestHold = 25_000
/** Ids in one call, so that its url stays within what servers accept. */
const idsPerPoll = 100

/**
 * One poller for all the records that a client follows: one call at a time, for
 * all of them together, each starting when the one before has ended. It runs
 * while there is something to follow, and keeps no timer otherwise.
 */
export function createPoller(transport: Transport): Poller {
  const followed = new Map<string, Followed>()
  let running = false
  /** Ends the call or the pause of now, because who is followed has changed, or whether the page is seen. */
  let wake = new AbortController()
  let isWaking = false
  let lastWake = 0
  let pausedFor: PauseReason | undefined

  async function run(): Promise<void> {
    running = true
    const ended = new AbortController()
    const pauseReason = watchPage(() => wake.abort(), ended.signal)
    let failures = 0
    let notBefore = 0
    while (followed.size > 0) {
      wake = new AbortController()
      const { signal } = wake
      pauseFor(pauseReason())
      const now = Date.now()
      if (pausedFor || now < notBefore) {
        // Until the page is back, or the last one leaves. Who joins after a failure waits with the others.
        await sleep(pausedFor ? longestTimer : notBefore - now, signal)
        if (pausedFor) notBefore = 0
        continue
      }
      const seen = nextInTurn()
      const hold = holdFor(seen)
      try {
        const { records, errors } = await transport.poll(seen, { wait: hold, signal })
        failures = 0
        const gone = errors.filter(({ id, error }) => fail(id, errorFromWire(error)))
        // A server that does not hold polls answers early; then the pause is ours.
        if (records.filter(deliver).length + gone.length === 0) await sleep(now + hold - Date.now(), signal)
      } catch (thrown) {
        const error = asClientSecretError(thrown)
        if (signal.aborted && error.code === 'ABORTED') continue
        if (mayPollAgain(error)) {
          notBefore = Date.now() + retryDelay(error, ++failures)
          endExpired(seen)
        } else for (const { id } of seen) fail(id, error)
      }
    }
    running = false
    pausedFor = undefined
    ended.abort()
  }

  /** Lets who has joined in; not for each of many at once, or no call would ever be answered. */
  async function wakeSoon(): Promise<void> {
    if (isWaking) return
    isWaking = true
    await sleep(lastWake + shortestHold - Date.now())
    isWaking = false
    lastWake = Date.now()
    wake.abort()
  }

  function pauseFor(reason: PauseReason | undefined): void {
    if (reason === pausedFor) return
    pausedFor = reason
    for (const { watchers } of followed.values()) for (const { onPause } of [...watchers]) onPause(reason)
  }

  /** The ids of the next call. Where there are more than fit, they take turns. */
  function nextInTurn(): Seen[] {
    return [...followed].slice(0, idsPerPoll).map(([id, entry]) => {
      followed.delete(id)
      followed.set(id, entry)
      return { id, version: entry.version }
    })
  }

  function holdFor(seen: Seen[]): number {
    const intervals = seen.flatMap(({ id }) => Array.from(followed.get(id)!.watchers, ({ interval }) => interval))
    const turns = Math.ceil(followed.size / idsPerPoll)
    return Math.min(longestHold, Math.max(shortestHold, Math.min(...intervals) / turns))
  }

  /** Passes a record on; false when it was no news. */
  function deliver(record: ClientSecretRecord): boolean {
    const { id, version } = record
    const entry = followed.get(id)
    if (!entry || entry.version === version) return false
    entry.version = version
    entry.expiry = localExpiry(record)
    const watchers = isSettled(record) ? end(id) : [...entry.watchers]
    for (const { onRecord } of watchers) onRecord(record)
    return true
  }

  /** Nobody follows this record any more; gives those who did. */
  function end(id: string): Watcher[] {
    const watchers = [...(followed.get(id)?.watchers ?? [])]
    followed.delete(id)
    if (followed.size === 0) wake.abort()
    return watchers
  }

  /** False when nobody followed it. */
  function fail(id: string, error: ClientSecretError): boolean {
    const watchers = end(id)
    for (const { onError } of watchers) onError(error)
    return watchers.length > 0
  }

  /** While the relay is away nobody says that a record has expired; the clock does. */
  function endExpired(seen: Seen[]): void {
    for (const { id } of seen)
      if ((followed.get(id)?.expiry ?? Infinity) <= Date.now())
        fail(id, new ClientSecretError('EXPIRED', expiredMessage, { requestId: id }))
  }

  return {
    watch(seen, watcher) {
      const { id, version } = seen
      const entry: Followed = followed.get(id) ?? { version, expiry: localExpiry(seen), watchers: new Set() }
      // Who joins with an older version, or none, must be told what the others know already.
      if (entry.version !== version) entry.version = undefined
      entry.watchers.add(watcher)
      followed.set(id, entry)
      if (pausedFor) watcher.onPause(pausedFor)
      void (running ? wakeSoon() : run())
      return () => {
        entry.watchers.delete(watcher)
        if (entry.watchers.size === 0 && followed.get(id) === entry) end(id)
      }
    },
    stop(id) {
      for (const { onStop } of end(id)) onStop()
    },
  }
}

/** When a record expires, by the clock of this machine, which may differ from the relay's. */
function localExpiry(seen: Seen): number {
  const { expiresAt, updatedAt } = seen as Partial<ClientSecretRecord>
  return expiresAt === undefined || updatedAt === undefined ? Infinity : Date.now() + expiresAt - updatedAt
}
