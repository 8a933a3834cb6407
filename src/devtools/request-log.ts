import { asClientSecretError } from '../protocol/errors.ts'
import { isSettled, type ClientSecretRecord, type RecordStatus, type WireError } from '../protocol/record.ts'

/** What the panel shows of one request: nothing of its headers and bodies. */
export interface ObservedRequest {
  /** The idempotency key of its send, or the id of a request that was sent before. */
  key: string
  /** Of the relay's record, once it is known. */
  id: string | undefined
  method: string
  url: string
  clientSecretName: string
  queue: string | undefined
  status: 'sending' | 'streaming' | 'stopped' | RecordStatus
  /** Place in the queue. */
  inQueue: number | undefined
  /** Calls to the relay that sent it. More than one after a lost connection. */
  sends: number
  polls: number
  /** The API's status. */
  apiStatus: number | undefined
  /** What the relay said last, or why it could not be reached. */
  error: Pick<WireError, 'code' | 'message' | 'path' | 'retryAfter'> | undefined
  /** Of an answer that is read as it arrives. */
  bytes: number | undefined
  events: number | undefined
  /** Milliseconds since 1970. */
  startedAt: number
  endedAt: number | undefined
}

/** Rows of the panel. */
const maxShown = 100
/** Bounds the memory of a page that stays open. Beyond the rows, only requests under way stay: a poll names their ids. */
const maxRequests = 1_000
/** Milliseconds between two notices, because a stream may have thousands of chunks a second. */
const noticeInterval = 100

const unknown = {
  id: undefined,
  method: '',
  url: '',
  clientSecretName: '',
  queue: undefined,
  status: 'sending',
  inQueue: undefined,
  sends: 0,
  polls: 0,
  apiStatus: undefined,
  error: undefined,
  bytes: undefined,
  events: undefined,
  endedAt: undefined,
} as const

/** The requests of one client, as a store for React. */
export type RequestLog = ReturnType<typeof createRequestLog>

export function createRequestLog() {
  /** The newest first. */
  const requests: ObservedRequest[] = []
  /** The same until the next notice, as React asks of a store. */
  let shown: readonly ObservedRequest[] = []
  const listeners = new Set<() => void>()
  let notice: ReturnType<typeof setTimeout> | undefined

  function notifySoon(): void {
    notice ??= setTimeout(() => {
      notice = undefined
      shown = requests.slice(0, maxShown).map((request) => ({ ...request }))
      for (const listen of listeners) listen()
    }, noticeInterval)
  }

  function set(request: ObservedRequest, change: Partial<ObservedRequest>): void {
    Object.assign(request, change)
    notifySoon()
  }

  function end(request: ObservedRequest, status: ObservedRequest['status'], error?: ObservedRequest['error']): void {
    set(request, { status, error, inQueue: undefined, endedAt: request.endedAt ?? Date.now() })
  }

  return {
    shown: () => shown,
    set,
    end,

    subscribe: (listener: () => void) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    /** Removes those that have ended. */
    clear: () => {
      requests.splice(0, Infinity, ...requests.filter(({ endedAt }) => endedAt === undefined))
      notifySoon()
    },

    /** The request with this key or id; a new one, if there is none. */
    find(key: string, described: Partial<ObservedRequest>): ObservedRequest {
      const known = requests.find((request) => request.key === key || request.id === key)
      if (known) return known
      const request: ObservedRequest = { ...unknown, key, startedAt: Date.now(), ...described }
      requests.unshift(request)
      const kept = requests.filter(({ endedAt }, place) => place < maxShown || endedAt === undefined)
      requests.splice(0, Infinity, ...kept.slice(0, maxRequests))
      return request
    },

    /** A call to the relay that sends the request, or reads its answer again. */
    send(request: ObservedRequest) {
      set(request, { status: 'sending', endedAt: undefined, error: undefined, sends: request.sends + 1 })
    },

    take(request: ObservedRequest, record: ClientSecretRecord) {
      const { method, url, clientSecretName } = record.request ?? request
      const { id, status, queueName = request.queue, inQueue, error, response } = record
      set(request, { id, method, url, clientSecretName, queue: queueName })
      if (response) set(request, { apiStatus: response.status })
      if (isSettled(record)) end(request, status, error)
      else set(request, { status, inQueue, error: undefined })
    },

    fail(request: ObservedRequest, thrown: unknown, signal?: AbortSignal | null) {
      const { code, message, path, retryAfter } = asClientSecretError(thrown)
      if (signal?.aborted || code === 'ABORTED') end(request, 'stopped')
      else end(request, 'failed', { code, message, path, retryAfter })
    },
  }
}
