import { asClientSecretError } from '../protocol/errors.ts'
import { watchPage, type PauseReason } from './page-visibility.ts'
import { errorFromWire } from './read-record.ts'
import { maxTimer, mayPollAgain, retryDelay, since, sleep } from './retry-delay.ts'
import type { RecordVersion, Transport } from './transport.ts'
import { createWatchedRecords, type Watcher } from './watched-records.ts'

export interface Poller {
  /** Polls a record until it settles, fails, or the returned function is called. */
  watch: (seen: RecordVersion, watcher: Watcher) => () => void
  /** Ends all polling of a record. */
  stop: (id: string) => void
}

/** Milliseconds. The relay answers a held poll at once when a record changes, so shorter holds gain nothing. */
const minHold = 100
/** Milliseconds. Proxies cut connections that are idle for longer. */
const maxHold = 25_000
/** Milliseconds of silence, beyond the hold, after which a connection is lost. */
const grace = 15_000
/** Keeps the url within the limits of servers. */
const maxIdsPerPoll = 100

/**
 * One poller for all records of a client: one call at a time, for all of them
 * together. It has no timer while there are no records.
 */
export function createPoller(transport: Transport): Poller {
  /** Ends the current call or pause, after a change of the records or of the page. */
  let wake = new AbortController()
  const records = createWatchedRecords(() => wake.abort())
  let isRunning = false
  let isWaking = false
  let lastWake = 0
  let pausedFor: PauseReason | undefined

  async function run(): Promise<void> {
    isRunning = true
    const ended = new AbortController()
    const pauseReason = watchPage(() => wake.abort(), ended.signal)
    let failures = 0
    let delay = 0
    let failedAt = 0
    while (records.size() > 0) {
      wake = new AbortController()
      const { signal } = wake
      if (pausedFor !== pauseReason()) records.pause((pausedFor = pauseReason()))
      const now = Date.now()
      const left = delay - since(failedAt)
      if (pausedFor || left > 0) {
        // Until the page is back, or the last record is removed. After a failure, new records wait with the others.
        await sleep(pausedFor ? maxTimer : left, signal)
        if (pausedFor) delay = 0
        continue
      }
      const seen = records.next(maxIdsPerPoll)
      const turns = Math.ceil(records.size() / maxIdsPerPoll)
      const wait = Math.min(maxHold, Math.max(minHold, records.interval(seen) / turns))
      const timer = setTimeout(() => wake.abort(), wait + grace)
      try {
        const answer = await transport.poll(seen, { wait, signal })
        failures = delay = 0
        const news = [
          ...answer.errors.map(({ id, error }) => records.end(id, errorFromWire(error))),
          ...answer.records.map(records.deliver),
        ]
        // A server that does not hold polls answers early.
        if (!news.includes(true)) await sleep(wait - since(now), signal)
      } catch (thrown) {
        const error = asClientSecretError(thrown)
        if (signal.aborted && error.code === 'ABORTED') continue
        if (mayPollAgain(error)) {
          delay = retryDelay(error, ++failures)
          failedAt = Date.now()
          records.endExpired(seen)
        } else for (const { id } of seen) records.end(id, error)
      } finally {
        clearTimeout(timer)
      }
    }
    isRunning = false
    pausedFor = undefined
    ended.abort()
  }

  /** Adds new records to the current call. Not for each of many at once, or no call would complete. */
  async function wakeSoon(): Promise<void> {
    if (isWaking) return
    isWaking = true
    await sleep(minHold - since(lastWake))
    isWaking = false
    lastWake = Date.now()
    wake.abort()
  }

  return {
    watch(seen, watcher) {
      records.add(seen, watcher)
      if (pausedFor) watcher.onPause(pausedFor)
      void (isRunning ? wakeSoon() : run())
      return () => records.remove(seen.id, watcher)
    },
    stop: (id) => void records.end(id),
  }
}
