import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import { expiredMessage, isSettled, type ClientSecretRecord } from '../protocol/record.ts'
import { shown } from '../protocol/request.ts'
import { callBack } from './callbacks.ts'
import { createPage, type PauseReason } from './page.ts'
import { errorFromWire } from './read-record.ts'
import { aborted, mayPollAgain, retryDelay, sleep } from './retry.ts'
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

interface Watcher {
  interval: number
  onUpdate: FollowOptions['onUpdate']
  onPause: FollowOptions['onPause']
  resolve(outcome: ClientSecretRecord | PollStopped): void
  reject(error: ClientSecretError): void
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
  let waking: ReturnType<typeof setTimeout> | undefined
  let lastWake = 0
  const page = createPage()
  let pausedFor: PauseReason | undefined

  async function run(): Promise<void> {
    running = true
    const stopListening = page.onChange(() => wake.abort())
    let failures = 0
    let notBefore = 0
    while (followed.size > 0) {
      wake = new AbortController()
      const { signal } = wake
      pauseFor(page.pauseReason())
      if (pausedFor) {
        // Until the page is back, somebody joins, or the last one leaves.
        await aborted(signal)
        notBefore = 0
        continue
      }
      if (Date.now() < notBefore) {
        // Whoever joins meanwhile waits with the others.
        await sleep(notBefore - Date.now(), signal)
        continue
      }
      const seen = nextInTurn()
      const hold = holdFor(seen)
      const started = Date.now()
      try {
        const answer = await transport.poll(seen, { wait: hold, signal })
        failures = 0
        const ended = answer.errors.filter(({ id, error }) =>
          end(id, (watcher) => watcher.reject(errorFromWire(error))),
        )
        const news = answer.records.filter(deliver).length + ended.length
        // A server that does not hold polls answers early; then the pause is ours.
        if (news === 0) await sleep(hold - (Date.now() - started), signal)
      } catch (thrown) {
        const error = asClientSecretError(thrown)
        if (signal.aborted && error.code === 'ABORTED') continue
        if (!mayPollAgain(thrown)) {
          for (const { id } of seen) end(id, (watcher) => watcher.reject(error))
          continue
        }
        failures += 1
        endExpired(seen)
        notBefore = Date.now() + retryDelay(error, failures)
      }
    }
    running = false
    clearTimeout(waking)
    waking = undefined
    pausedFor = undefined
    stopListening()
  }

  /** Lets who has joined in; not for each of many at once, or no call would ever be answered. */
  function wakeSoon(): void {
    waking ??= setTimeout(
      () => {
        waking = undefined
        lastWake = Date.now()
        wake.abort()
      },
      Math.max(0, lastWake + shortestHold - Date.now()),
    )
  }

  function pauseFor(reason: PauseReason | undefined): void {
    if (reason === pausedFor) return
    pausedFor = reason
    for (const { watchers } of followed.values()) for (const watcher of [...watchers]) callBack(watcher.onPause, reason)
  }

  /** The ids of the next call. Where there are more than fit, they take turns. */
  function nextInTurn(): Seen[] {
    const turn = [...followed].slice(0, idsPerPoll)
    if (followed.size > idsPerPoll) {
      for (const [id, entry] of turn) {
        followed.delete(id)
        followed.set(id, entry)
      }
    }
    return turn.map(([id, { version }]) => ({ id, version }))
  }

  function holdFor(seen: Seen[]): number {
    const intervals = seen.flatMap(({ id }) =>
      [...(followed.get(id)?.watchers ?? [])].map((watcher) => watcher.interval),
    )
    const turns = Math.ceil(followed.size / idsPerPoll)
    return Math.min(longestHold, Math.max(shortestHold, Math.min(...intervals) / turns))
  }

  /** Passes a record on; false when it was no news. */
  function deliver(record: ClientSecretRecord): boolean {
    const entry = followed.get(record.id)
    if (!entry || entry.version === record.version) return false
    entry.version = record.version
    entry.expiry = localExpiry(record)
    for (const watcher of [...entry.watchers]) callBack(watcher.onUpdate, record)
    if (isSettled(record)) end(record.id, (watcher) => watcher.resolve(record))
    return true
  }

  /** Ends the following of a record; false when nobody followed it. */
  function end(id: string, settle: (watcher: Watcher) => void): boolean {
    const watchers = followed.get(id)?.watchers
    followed.delete(id)
    for (const watcher of watchers ?? []) settle(watcher)
    return watchers !== undefined
  }

  /** While the relay is away nobody says that a record has expired; the clock does. */
  function endExpired(seen: Seen[]): void {
    for (const { id } of seen) {
      if ((followed.get(id)?.expiry ?? Infinity) > Date.now()) continue
      end(id, (watcher) => watcher.reject(new ClientSecretError('EXPIRED', expiredMessage, { requestId: id })))
    }
  }

  return {
    follow(seen, { interval = defaultInterval, stopSignal, signal, onUpdate, onPause } = {}) {
      const { id, version } = seen
      return new Promise((resolve, reject) => {
        checkFollowed(id, interval)
        const entry: Followed = followed.get(id) ?? { version, expiry: localExpiry(seen), watchers: new Set() }
        // Who joins with an older version, or none, must be told what the others know already.
        if (entry.version !== version) entry.version = undefined
        const leave = () => {
          entry.watchers.delete(watcher)
          if (entry.watchers.size === 0 && followed.get(id) === entry) followed.delete(id)
          if (followed.size === 0) wake.abort()
          signal?.removeEventListener('abort', abort)
          stopSignal?.removeEventListener('abort', stop)
        }
        const watcher: Watcher = {
          interval,
          onUpdate,
          onPause,
          resolve: (outcome) => (leave(), resolve(outcome)),
          reject: (error) => (leave(), reject(error)),
        }
        const abort = () =>
          watcher.reject(
            new ClientSecretError('ABORTED', 'The polling was aborted by its signal. The request itself goes on.', {
              requestId: id,
            }),
          )
        const stop = () => watcher.resolve(pollStopped(id))
        if (signal?.aborted) return abort()
        if (stopSignal?.aborted) return stop()
        signal?.addEventListener('abort', abort)
        stopSignal?.addEventListener('abort', stop)
        entry.watchers.add(watcher)
        followed.set(id, entry)
        if (pausedFor) callBack(onPause, pausedFor)
        if (running) wakeSoon()
        else void run()
      })
    },
    stop: (id) => end(id, (watcher) => watcher.resolve(pollStopped(id))),
  }
}

function checkFollowed(id: unknown, interval: unknown): void {
  // What stands between ids on the wire cannot stand in one.
  if (typeof id !== 'string' || !/^[^,:\s]+$/.test(id)) {
    throw new ClientSecretError('INVALID_PARAMETER', `id must be the id of a request; it is ${shown(id)}.`, {
      path: 'id',
    })
  }
  if (typeof interval !== 'number' || !(interval >= 0 && interval < Infinity)) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `interval must be a number of milliseconds, 0 or more; it is ${shown(interval)}.`,
      { path: 'interval' },
    )
  }
}

/** When a record expires, by the clock of this machine, which may differ from the relay's. */
function localExpiry(seen: Seen): number {
  const { expiresAt, updatedAt } = seen as Partial<ClientSecretRecord>
  return expiresAt === undefined || updatedAt === undefined ? Infinity : Date.now() + expiresAt - updatedAt
}
