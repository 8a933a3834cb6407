import type { ClientCore } from '../client/create-core.ts'
import { onAbort } from '../client/on-abort.ts'
import { asClientSecretError, isGone, type ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type ClientSecretRecord, type HistoryFilter } from '../protocol/record.ts'
import type { SWRStore } from './swr-store.ts'

/** What is known of a history. */
export interface HistoryState {
  /** The newest first. Those that are under way are kept live. */
  records: ClientSecretRecord[]
  /** Whether there are older ones to load. */
  hasMore: boolean
  isLoading: boolean
  /** Why the last page could not be loaded. */
  error: ClientSecretError | undefined
}

export const noHistory: HistoryState = { records: [], hasMore: false, isLoading: true, error: undefined }

/** Loads the pages of a history, and follows what is under way in them. */
export interface HistoryPages {
  loadMore: () => Promise<void>
  /** Reads the first page anew. */
  refresh: () => Promise<void>
  /** A component shows the history, until the returned function is called. */
  attach: () => () => void
}

/** Milliseconds between polls of what is under way. */
const followInterval = 1_000

export function createHistoryPages(
  client: ClientCore,
  filter: HistoryFilter,
  state: SWRStore<HistoryState>,
): HistoryPages {
  let cursor: string | null = null
  let attached = 0
  /** Ends what an earlier reading, or an earlier component, began. */
  let current = new AbortController()

  async function load(after: string | null, { signal }: AbortController): Promise<void> {
    state.write({ ...state.read(), isLoading: true, error: undefined })
    try {
      const page = await client.transport.history({ ...filter, ...(after !== null && { cursor: after }) }, { signal })
      if (signal.aborted) return
      cursor = page.cursor
      const before = after === null ? [] : state.read().records
      state.write({
        records: [...before, ...page.records],
        hasMore: page.cursor !== null,
        isLoading: false,
        error: undefined,
      })
      for (const record of page.records) if (!isSettled(record)) void follow(record, signal)
    } catch (thrown) {
      if (!signal.aborted) state.write({ ...state.read(), isLoading: false, error: asClientSecretError(thrown) })
    }
  }

  /** Keeps one record live, without reading its page again. */
  async function follow(record: ClientSecretRecord, stopSignal: AbortSignal): Promise<void> {
    const onUpdate = (now: ClientSecretRecord) => replace(now, record.request)
    const polling = client
      .createRequest({ seen: record, listeners: () => ({ onUpdate }) })
      .poll({ interval: followInterval })
    const letGo = onAbort(stopSignal, polling.stop)
    try {
      await polling
    } catch (error) {
      // What it failed with is in the record; that it is gone is not.
      if (isGone(error)) remove(record.id)
    }
    letGo()
  }

  function replace(now: ClientSecretRecord, request: ClientSecretRecord['request']): void {
    const shown = { ...now, request: now.request ?? request, response: filter.compact ? undefined : now.response }
    const { records } = state.read()
    state.write({ ...state.read(), records: records.map((record) => (record.id === now.id ? shown : record)) })
  }

  function remove(id: string): void {
    const { records } = state.read()
    state.write({ ...state.read(), records: records.filter((record) => record.id !== id) })
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
      attached += 1
      if (attached === 1) void refresh()
      return () => {
        attached -= 1
        if (attached === 0) current.abort()
        detachState()
      }
    },
  }
}
