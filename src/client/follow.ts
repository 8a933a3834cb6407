import { asClientSecretError, ClientSecretError, isClientSecretError } from '../protocol/errors.ts'
import { expiredMessage, isSettled, type ClientSecretRecord } from '../protocol/record.ts'
import { callBack } from './callbacks.ts'
import { watchPage, type PauseReason } from './page.ts'
import { errorFromWire } from './read-record.ts'
import { longestTimer, mayPollAgain, retryDelay, sleep } from './retry.ts'
import type { Seen, Transport } from './transport.ts'

/** How a poll ends that was stopped: the request goes on, and can be followed again. */
export interface PollStopped {
  id: string
  status: 'stopped'
}

// In the registry of symbols, so that two copies of this package know each other's.
const stopMarker = Symbol.for('react-client-secret.stopped')

function pollStopped(id: string): PollStopped {
  // Hidden, so that the value is just what its type says to whoever prints or compares it.
  return Object.defineProperty({ id, status: 'stopped' as const }, stopMarker, { value: true })
}

/** True for what a stopped poll resolves to; an API's body of the same shape is not mistaken for it. */
export function isPollStopped(value: unknown): value is PollStopped {
  return typeof value === 'object' && value !== null && stopMarker in value
}

/** How a request is followed. */
export interface FollowOptions {
  /** Upper bound on how old what is shown may be, in milliseconds. Default 1,000. */
  interval?: number | undefined
  /** Stops the following: it resolves to `{ id, status: 'stopped' }`. */
  stopSignal?: AbortSignal | undefined
  /** Ends the following with `ABORTED`. */
  signal?: AbortSignal | undefined
  /** Called with every change of the record, the last one included. */
  onUpdate?: ((record: ClientSecretRecord) => void) | undefined
  /** Called when the polling rests, with the reason, and with `undefined` when it goes on. */
  onPause?: ((reason: PauseReason | undefined) => void) | undefined
}

export interface Follower {
  /** Follows a record until it is settled. Rejects when it has expired or may not be read. */
  follow(
    seen: Seen & { expiresAt?: number | undefined },
    options?: FollowOptions,
  ): Promise<ClientSecretRecord | PollStopped>
  /** Stops everyone who follows this record. */
  stop: (id: string) => void
}

type Outcome = ClientSecretRecord | PollStopped | ClientSecretError

interface Watcher extends Pick<FollowOptions, 'onUpdate' | 'onPause'> {
  interval: number
  end: (outcome: Outcome) => void
}

interface Followed {
  version: string | undefined
  /** By the clock of this machine. */
  expiry: number
  watchers: Set<Watcher>
}

const defaultInterval = 1_000
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
export function createFollower(transport: Transport): Follower {
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
        const gone = errors.filter(({ id, error }) => end(id, errorFromWire(error)))
        // A server that does not hold polls answers early; then the pause is ours.
        if (records.filter(deliver).length + gone.length === 0) await sleep(now + hold - Date.now(), signal)
      } catch (thrown) {
        const error = asClientSecretError(thrown)
        if (signal.aborted && error.code === 'ABORTED') continue
        if (mayPollAgain(error)) {
          notBefore = Date.now() + retryDelay(error, ++failures)
          endExpired(seen)
        } else for (const { id } of seen) end(id, error)
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
    for (const { watchers } of followed.values()) for (const { onPause } of [...watchers]) callBack(onPause, reason)
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
    for (const { onUpdate } of [...entry.watchers]) callBack(onUpdate, record)
    if (isSettled(record)) end(id, record)
    return true
  }

  /** Ends the following of a record; false when nobody followed it. */
  function end(id: string, outcome: Outcome): boolean {
    const watchers = followed.get(id)?.watchers
    followed.delete(id)
    for (const watcher of watchers ?? []) watcher.end(outcome)
    return watchers !== undefined
  }

  /** While the relay is away nobody says that a record has expired; the clock does. */
  function endExpired(seen: Seen[]): void {
    for (const { id } of seen)
      if ((followed.get(id)?.expiry ?? Infinity) <= Date.now())
        end(id, new ClientSecretError('EXPIRED', expiredMessage, { requestId: id }))
  }

  return {
    follow: (seen, { interval = defaultInterval, stopSignal, signal, onUpdate, onPause } = {}) =>
      new Promise((resolve, reject) => {
        const { id, version } = seen
        checkFollowed(id, interval)
        const entry: Followed = followed.get(id) ?? { version, expiry: localExpiry(seen), watchers: new Set() }
        // Who joins with an older version, or none, must be told what the others know already.
        if (entry.version !== version) entry.version = undefined
        const left = new AbortController()
        const watcher: Watcher = {
          interval,
          onUpdate,
          onPause,
          end(outcome) {
            left.abort()
            entry.watchers.delete(watcher)
            if (entry.watchers.size === 0 && followed.get(id) === entry) followed.delete(id)
            if (followed.size === 0) wake.abort()
            if (isClientSecretError(outcome)) reject(outcome)
            else resolve(outcome)
          },
        }
        entry.watchers.add(watcher)
        followed.set(id, entry)
        const endWith = (cause: AbortSignal | undefined, outcome: (id: string) => Outcome) => {
          const leave = () => watcher.end(outcome(id))
          if (cause?.aborted) leave()
          else cause?.addEventListener('abort', leave, { signal: left.signal })
        }
        endWith(signal, pollAborted)
        endWith(stopSignal, pollStopped)
        if (pausedFor) callBack(onPause, pausedFor)
        void (running ? wakeSoon() : run())
      }),
    stop: (id) => void end(id, pollStopped(id)),
  }
}

function pollAborted(id: string): ClientSecretError {
  return new ClientSecretError('ABORTED', 'The polling was aborted by its signal. The request itself goes on.', {
    requestId: id,
  })
}

function checkFollowed(id: unknown, interval: number): void {
  const refuse = (path: string, problem: string) => {
    throw new ClientSecretError('INVALID_PARAMETER', `${path} must be ${problem}.`, { path })
  }
  // What stands between ids on the wire cannot stand in one.
  if (typeof id !== 'string' || !/^[^,:\s]+$/.test(id)) refuse('id', `the id of a request; it is ${String(id)}`)
  if (!(interval >= 0 && interval < Infinity))
    refuse('interval', `a number of milliseconds, 0 or more; it is ${interval}`)
}

/** When a record expires, by the clock of this machine, which may differ from the relay's. */
function localExpiry(seen: Seen): number {
  const { expiresAt, updatedAt } = seen as Partial<ClientSecretRecord>
  return expiresAt === undefined || updatedAt === undefined ? Infinity : Date.now() + expiresAt - updatedAt
}
