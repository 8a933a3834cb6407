import { ClientSecretError } from '../protocol/errors.ts'
import { isSettled, type CancelAnswer, type ClientSecretRecord, type RecordStatus } from '../protocol/record.ts'
import type { Method } from '../protocol/request.ts'
import type { Client } from './create-client.ts'
import { createRequest, type RequestObject } from './create-request.ts'
import { isPollStopped, type PollStopped } from './poll-stopped.ts'
import { parsedResponse } from './read-record.ts'
import type { RequestParams } from './request-params.ts'
import { fieldsOfForm, type SkapiForm } from './skapi-form.ts'

/** A function of an answer or an error, whose parameter an app may give the type that it expects. */
export type SkapiCallback = { call(value: unknown): unknown }['call']

/** Callbacks as in skapi-js: what they return is the result of `clientSecretRequest`. */
export interface SkapiCallbacks {
  /** Called with the API's body. */
  onResponse?: SkapiCallback | undefined
  /** Called with a `ClientSecretError`. With it, `clientSecretRequest` does not reject. */
  onError?: SkapiCallback | undefined
}

/** The parameters of `clientSecretRequest` of skapi-js. */
export interface SkapiRequestParams extends Omit<RequestParams, 'method' | 'poll'>, SkapiCallbacks {
  /** Any letter case. */
  method: string
  /** Milliseconds between polls; `true` is 1,000. */
  poll?: number | boolean | undefined
}

/** Options of a poll. */
export interface SkapiPollOptions extends SkapiCallbacks {
  /** Milliseconds between polls. Default 1,000. */
  latency?: number | undefined
}

/** Gives the API's body, or `{ id, status: 'stopped' }` after a stop. */
export interface SkapiPolling extends Promise<unknown> {
  /** Ends this poll. The request goes on. */
  stop: () => void
}

/** Result of a request with a `queue` and no `poll`. */
export interface SkapiQueued {
  id: string
  status: RecordStatus
  queue_name: string
  /** Position in the queue: 1 is next, or running. */
  in_queue: number
  poll: (options?: SkapiPollOptions) => SkapiPolling
}

/** One request of the history. */
export interface SkapiHistoryItem {
  id: string
  status: RecordStatus
  status_code: number | null
  response_body: unknown
  request_body: unknown
  error?: unknown
  /** Milliseconds, as `updated`. */
  created: number
  updated: number
  /** Seconds since 1970. */
  expires: number
  queue_name: string
  compact?: true
  /** Only while pending or running. */
  poll?: (options?: SkapiPollOptions) => SkapiPolling
}

/** Which requests the history gives. */
export interface SkapiHistoryParams {
  url: string
  method: string
  /** The exact name, with and without `queue_exact`. */
  queue?: string | undefined
  queue_exact?: boolean | undefined
  /** A page may have fewer items then. */
  queue_exclude?: string | undefined
  status?: RecordStatus | undefined
  /** Without bodies. */
  compact?: boolean | undefined
}

/** A page of a list. */
export interface SkapiFetchOptions {
  /** 1 to 100. */
  limit?: number | undefined
  /** That of the page before. */
  startKey?: Record<string, unknown> | string | null | undefined
  /** Gives the page after the one that the last equal call gave. */
  fetchMore?: boolean | undefined
  /** The newest is always first; `true` is refused. */
  ascending?: boolean | undefined
}

/** A page of the history. */
export interface SkapiPage {
  list: SkapiHistoryItem[]
  startKey: Record<string, unknown> | 'end'
  endOfList: boolean
  startKeyHistory: string[]
}

/** Which polls to stop: one request, those of a queue, or all. */
export interface SkapiPollFilter {
  url?: string | undefined
  method?: string | undefined
  id?: string | undefined
  queue?: string | undefined
}

/** What skapi-js calls its requests with a client secret. */
export interface SkapiCompatible {
  /** Calls an API with a key that only the relay knows. Takes the submit event of a form, too. */
  clientSecretRequest: <Data = unknown>(params: SkapiForm<SkapiRequestParams>) => Promise<Data>
  clientSecretRequestHistory: (
    params: SkapiForm<SkapiHistoryParams>,
    fetchOptions?: SkapiFetchOptions,
  ) => Promise<SkapiPage>
  cancelClientSecretRequest: (
    params: SkapiForm<{ id: string; url?: string; method?: string; queue?: string }>,
  ) => Promise<CancelAnswer>
  /** Stops polls, not requests. Returns how many it stopped. */
  stopClientSecretPolling: (filter?: SkapiPollFilter) => number
  /** True for the result of a stopped poll. */
  isPollStopped: (result: unknown) => result is PollStopped
  clientSecretRequestQueueCount: (params: { queue: string }) => Promise<{ queue_name: string; in_queue: number }>
}

const defaultLatency = 1_000

/**
 * The requests of skapi-js with its names and habits, over a client of this package. An app written for
 * skapi-js keeps its calls. The page _From Skapi_ lists the differences.
 *
 * @example
 * const skapi = skapiCompatible(createClient({ relay: '/relay' }))
 * skapi.stopClientSecretPolling({ queue: 'images' })
 */
export function skapiCompatible(client: Client): SkapiCompatible {
  /** Polls that run. */
  const polls = new Set<{ request: RequestObject; queue: string | undefined; stop: () => void }>()
  /** The keys of the pages that each list gave, for `fetchMore`. */
  const given = new Map<string, string[]>()

  /** Keeps a poll within reach of `stopClientSecretPolling` until it ends. */
  function keep<Value>(request: RequestObject, queue: string | undefined, stop: () => void, result: Promise<Value>) {
    const poll = { request, queue, stop }
    polls.add(poll)
    const end = () => void polls.delete(poll)
    result.then(end, end)
    return result
  }

  function poll(request: RequestObject, queue: string | undefined, options: SkapiPollOptions[]): SkapiPolling {
    const polling = request.poll({ interval: options.at(-1)?.latency || defaultLatency })
    const result = keep(request, queue, polling.stop, polling).then(
      (outcome) => {
        if (isPollStopped(outcome)) return outcome
        for (const { onResponse } of options) onResponse?.(outcome.data)
        return outcome.data
      },
      (error: unknown) => {
        for (const { onError } of options) onError?.(error)
        throw error
      },
    )
    if (options.some(({ onError }) => onError)) result.catch(() => {})
    return Object.assign(result, { stop: polling.stop })
  }

  async function send({ onResponse, onError, poll: latency, ...params }: SkapiRequestParams): Promise<unknown> {
    const interval = typeof latency === 'number' ? latency : latency ? defaultLatency : 0
    const { queue } = params
    const request = createRequest(client, { params: { ...params, poll: interval } as RequestParams })
    const sending = request.send()
    const sent = await (interval > 0 ? keep(request, queue, request.stop, sending) : sending)
    if (isPollStopped(sent) || sent.response) return isPollStopped(sent) ? sent : sent.data
    const { id, status, queueName = '', inQueue = 0 } = sent.record
    return {
      id,
      status,
      queue_name: queueName,
      in_queue: inQueue,
      poll: (options = {}) => poll(request, queue, [{ onResponse, onError }, options]),
    } satisfies SkapiQueued
  }

  function historyItem(record: ClientSecretRecord, compact: boolean): SkapiHistoryItem {
    const { id, status, response, error, createdAt, updatedAt, expiresAt, queueName, request } = record
    return {
      id,
      status,
      status_code: response?.status ?? null,
      response_body: response ? parsedResponse(response).body : null,
      request_body: request?.data,
      ...(error && { error }),
      created: createdAt,
      updated: updatedAt,
      expires: Math.floor(expiresAt / 1000),
      queue_name: queueName ?? '',
      ...(compact && { compact }),
      ...(!isSettled(record) && {
        poll: (options: SkapiPollOptions = {}) => poll(createRequest(client, { seen: { id } }), queueName, [options]),
      }),
    }
  }

  return {
    clientSecretRequest: (async (form: SkapiForm<SkapiRequestParams>) => {
      const params = fieldsOfForm(form) as SkapiRequestParams
      const { onResponse, onError } = params
      try {
        const result = await send(params)
        return onResponse && !isPollStopped(result) ? await onResponse(result) : result
      } catch (error) {
        if (!onError) throw error
        return await onError(error)
      }
    }) as SkapiCompatible['clientSecretRequest'],

    async clientSecretRequestHistory(form, { limit, startKey, fetchMore, ascending } = {}) {
      if (ascending)
        throw new ClientSecretError(
          'INVALID_PARAMETER',
          'The history begins with the newest request: omit ascending.',
          {
            path: 'ascending',
          },
        )
      const params = fieldsOfForm(form) as SkapiHistoryParams
      const { url, method, queue, queue_exclude, status, compact = false } = params
      const list = JSON.stringify([params, limit])
      const keys = (fetchMore && given.get(list)) || []
      const last = fetchMore ? keys.at(-1) : startKey
      const end = (startKeyHistory: string[]): SkapiPage => ({
        list: [],
        startKey: 'end',
        endOfList: true,
        startKeyHistory,
      })
      if (last === 'end') return end(keys)
      const cursor = typeof last === 'string' ? last : last?.['cursor']
      const page = await client.history({
        url,
        method: method.toUpperCase() as Method,
        queue,
        status,
        compact,
        limit: limit === undefined ? undefined : Math.min(limit, 100),
        cursor: typeof cursor === 'string' && cursor !== 'start' ? cursor : undefined,
      })
      const history = [...keys, page.cursor ?? 'end']
      given.set(list, history)
      return {
        list: page.records
          .filter(({ queueName }) => queue_exclude === undefined || queueName !== queue_exclude)
          .map((record) => historyItem(record, compact)),
        startKey: page.cursor === null ? 'end' : { cursor: page.cursor },
        endOfList: page.cursor === null,
        startKeyHistory: history,
      }
    },

    cancelClientSecretRequest: async (form) => client.cancel((fieldsOfForm(form) as { id: string }).id),

    stopClientSecretPolling({ id, queue } = {}) {
      const stopped = [...polls].filter((one) =>
        id !== undefined ? one.request.id === id : queue === undefined || one.queue === queue,
      )
      for (const one of stopped) {
        polls.delete(one)
        one.stop()
      }
      return stopped.length
    },

    isPollStopped,

    async clientSecretRequestQueueCount({ queue }) {
      if (!queue) throw new ClientSecretError('INVALID_PARAMETER', 'Give the name of a queue.', { path: 'queue' })
      const { queueName, inQueue } = await client.queueCount(queue)
      return { queue_name: queueName, in_queue: inQueue }
    },
  }
}
