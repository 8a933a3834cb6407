import type { ClientCore } from '../client/create-core.ts'
import { createRequest } from '../client/create-request.ts'
import { onAbort } from '../client/on-abort.ts'
import { parsedResponse, type ParsedResponse } from '../client/read-record.ts'
import { asClientSecretError, isGone, type ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type ClientSecretRecord, type HistoryFilter } from '../protocol/record.ts'
import type { SWRStore } from './swr-store.ts'

/** A past request, with its response parsed. */
export type HistoryRecord<Data = unknown> = Omit<ClientSecretRecord, 'response'> & {
  response?: ParsedResponse<Data> | undefined
}

/** The state of a history. */
export interface HistoryState<Data = unknown> {
  /** The newest first. The hook polls unsettled ones, and adds new ones of this client. */
  records: HistoryRecord<Data>[]
  /** Whether there are older records. */
  hasMore: boolean
  isLoading: boolean
  /** Why the last page failed to load. */
  error: ClientSecretError | undefined
}

export const noHistory: HistoryState = { records: [], hasMore: false, isLoading: true, error: undefined }

/** Loads the pages of a history, and polls unsettled records. */
export interface HistoryPages {
  loadMore: () => Promise<void>
  /** Loads the first page again. */
  refresh: () => Promise<void>
  /** A component shows the history, until it calls the returned function. */
  attach: () => () => void
}

/** Milliseconds between polls of unsettled records. */
const pollInterval = 1_000

export function createHistoryPages(
  client: ClientCore,
  filter: HistoryFilter,
  state: SWRStore<HistoryState>,
): HistoryPages {
  let cursor: string | null = null
  let attached = 0
  /** Sent since the last refresh began: its page may lack them. */
  let added: HistoryRecord[] = []
  /** Ends what an earlier refresh, or an earlier component, began. */
  let current = new AbortController()

  function set(change: Partial<HistoryState>): void {
    state.write({ ...state.read(), ...change })
  }

  async function load(after: string | null, { signal }: AbortController): Promise<void> {
    if (after === null) added = []
    set({ isLoading: true, error: undefined })
    try {
      const page = await client.transport.history({ ...filter, ...(after !== null && { cursor: after }) }, { signal })
      if (signal.aborted) return
      cursor = page.cursor
      const ids = new Set(page.records.map(({ id }) => id))
      const before = (after === null ? added : state.read().records).filter(({ id }) => !ids.has(id))
      const records = [...before, ...page.records.map((record) => historyRecord(record, filter))]
      set({ records, hasMore: page.cursor !== null, isLoading: false })
      for (const record of page.records) void poll(record, signal)
    } catch (thrown) {
      if (!signal.aborted) set({ isLoading: false, error: asClientSecretError(thrown) })
    }
  }

  /** Shows a request that this client sends now. */
  function add(record: ClientSecretRecord): void {
    if (!matches(record, filter)) return
    const shown = historyRecord(record, filter)
    added = [shown, ...added]
    set({ records: [shown, ...state.read().records.filter(({ id }) => id !== record.id)] })
    void poll(record, current.signal)
  }

  /** Updates one record until it settles. */
  async function poll(record: ClientSecretRecord, stopSignal: AbortSignal): Promise<void> {
    if (isSettled(record)) return
    const onUpdate = (now: ClientSecretRecord) => {
      const shown = historyRecord({ ...now, request: now.request ?? record.request }, filter)
      const replace = (one: HistoryRecord) => (one.id === now.id ? shown : one)
      added = added.map(replace)
      set({ records: state.read().records.map(replace) })
    }
    const request = createRequest(client, { seen: record, listeners: () => ({ onUpdate }) })
    const polling = request.poll({ interval: pollInterval })
    const letGo = onAbort(stopSignal, polling.stop)
    try {
      await polling
    } catch (error) {
      // The record says why it failed, but not that it is gone.
      if (isGone(error)) set({ records: state.read().records.filter(({ id }) => id !== record.id) })
    }
    letGo()
  }

  function refresh(): Promise<void> {
    current.abort()
    current = new AbortController()
    return load(null, current)
  }

  return {
    refresh,
    loadMore: async () => {
      if (state.read().isLoading || cursor === null) return
      await load(cursor, current)
    },
    attach() {
      const detachState = state.attach()
      const detachClient = client.onSent(add)
      attached += 1
      if (attached === 1) void refresh()
      return () => {
        attached -= 1
        if (attached === 0) current.abort()
        detachClient()
        detachState()
      }
    },
  }
}

function matches({ request, status }: ClientSecretRecord, filter: HistoryFilter): boolean {
  const method = request?.method.toUpperCase()
  return Object.entries({ url: request?.url, method, queue: request?.queue, status }).every(([name, value]) => {
    const wanted = filter[name as keyof HistoryFilter]
    return wanted === undefined || wanted === value
  })
}

function historyRecord(
  { request, response, ...record }: ClientSecretRecord,
  { compact }: HistoryFilter,
): HistoryRecord {
  return {
    ...record,
    request: request && compact ? { ...request, data: undefined } : request,
    response: response && !compact ? parsedResponse(response) : undefined,
  }
}
