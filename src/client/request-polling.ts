import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type ClientSecretRecord } from '../protocol/record.ts'
import { callBack, tellOutcome, type Listeners } from './callbacks.ts'
import type { PauseReason } from './page-visibility.ts'
import { pollStopped } from './poll-stopped.ts'
import type { Poller } from './poller.ts'
import { readRecord, type Answer, type ResponseType } from './read-record.ts'
import { checked } from './standard-schema.ts'
import type { RecordVersion } from './transport.ts'
import { createWaiters, type Polling } from './waiters.ts'

/** The state of a request. */
export interface RequestProgress {
  /** The record's id; undefined until the relay answers. */
  id: string | undefined
  /** On its way to the relay, without a record. */
  isSending: boolean
  record: ClientSecretRecord | undefined
  isPolling: boolean
  /** Milliseconds between polls; 0 without automatic polling. */
  interval: number
  /** Why the polling pauses: the page is hidden, or offline. */
  pauseReason: PauseReason | undefined
  /** Why there is no polling: `stop()`, or `pause()` because no component shows the request. */
  rest: 'stopped' | 'paused' | undefined
  outcome: Answer | ClientSecretError | undefined
}

/** Options of one poll. */
export interface PollingOptions {
  /** Milliseconds. Default 1,000. */
  interval?: number | undefined
  signal?: AbortSignal | undefined
}

interface Deps {
  poller: Poller
  progress: RequestProgress
  set: (change: Partial<RequestProgress>) => void
  seen: RecordVersion | undefined
  listeners: () => Listeners
  /** That of the request; it wins over the listeners'. */
  responseType: ResponseType | undefined
}

/** The polling of one request, from its first record to its outcome. */
export interface RequestPolling {
  poll: (options?: PollingOptions) => Polling
  resume: () => void
  halt: (rest: 'stopped' | 'paused') => void
  /** Takes a record; resolves when the answer of a settled one is read. */
  receive: (record: ClientSecretRecord) => Promise<void>
  end: (outcome: Answer | ClientSecretError) => void
}

/** Milliseconds, without an interval from the caller. */
const defaultInterval = 1_000

export function createRequestPolling({ poller, progress, set, seen, listeners, responseType }: Deps): RequestPolling {
  let unwatch: (() => void) | undefined
  let isTold = false
  const waiters = createWaiters(() => halt('stopped'))

  function release(): void {
    unwatch?.()
    unwatch = undefined
  }

  async function receive(record: ClientSecretRecord): Promise<void> {
    seen = record
    set({ id: record.id, record, isSending: false })
    callBack(listeners().onUpdate, record)
    if (!isSettled(record)) return
    release()
    progress.isPolling = false
    try {
      end(await checked(readRecord(record, responseType ?? listeners().responseType), listeners().schema))
    } catch (error) {
      end(asClientSecretError(error))
    }
  }

  function end(outcome: Answer | ClientSecretError): void {
    release()
    set({ outcome, isSending: false, isPolling: false })
    if (!isTold) tellOutcome(listeners(), outcome)
    isTold = true
    waiters.settle(outcome)
  }

  function watch(interval: number): void {
    checkPolled(seen?.id, interval)
    const { record } = progress
    set({
      isPolling: true,
      interval: unwatch ? Math.min(progress.interval, interval) : interval,
      rest: undefined,
      pauseReason: undefined,
      outcome: undefined,
    })
    // A poll with the version of a settled record would wait for ever.
    unwatch ??= poller.watch(record && isSettled(record) ? { id: record.id } : seen!, {
      interval: () => progress.interval,
      onRecord: (next) => void receive(next),
      onPause: (pauseReason) => set({ pauseReason }),
      onEnd: (error) => (error ? end(error) : halt('stopped')),
    })
  }

  /** Ends the polling, not the request. A request on its way to the relay rests once its record arrives. */
  function halt(rest: 'stopped' | 'paused'): void {
    release()
    if (seen) waiters.settle(pollStopped(seen.id))
    set({ rest, isPolling: false })
  }

  function poll({ interval = defaultInterval, signal }: PollingOptions = {}): Polling {
    return waiters.wait({
      signal,
      begin: () => watch(interval),
      stopped: () => pollStopped(seen!.id),
      aborted: () => pollAborted(seen!.id),
    })
  }

  function resume(): void {
    const { record, interval } = progress
    progress.rest = undefined
    if (!seen || unwatch || (record && isSettled(record))) return
    isTold = false
    // Its failure is its outcome.
    poll({ interval: interval || defaultInterval }).catch(() => {})
  }

  return { poll, resume, halt, receive, end }
}

export function pollAborted(id: string): ClientSecretError {
  return new ClientSecretError('ABORTED', 'The signal aborted the polling. The request goes on.', { requestId: id })
}

function checkPolled(id: unknown, interval: number): void {
  const refuse = (path: string, message: string) => {
    throw new ClientSecretError('INVALID_PARAMETER', message, { path })
  }
  // Ids travel in a list, with their versions.
  if (typeof id !== 'string' || !/^[^,:\s]+$/.test(id)) refuse('id', `This is not the id of a request: ${String(id)}.`)
  if (!(interval >= 0 && interval < Infinity))
    refuse('interval', `interval must be 0 or more milliseconds; it is ${interval}.`)
}
