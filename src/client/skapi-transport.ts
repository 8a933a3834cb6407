import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord, HistoryFilter, HistoryPage, PollAnswer } from '../protocol/record.ts'
import { parseRequest } from '../protocol/parse-request.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { randomId } from './random-id.ts'
import { skapiError, unsupported } from './skapi-errors.ts'
import {
  failedRecord,
  fieldsOf,
  historyRecord,
  idOf,
  isWaiting,
  readAddress,
  recordOf,
  settledFields,
  waitingFields,
  type Address,
  type SkapiMethod,
} from './skapi-records.ts'
import type { Transport } from './transport.ts'

/**
 * The part of a Skapi object that this package uses, so that skapi-js is not a
 * dependency. Source: skapi-js 1.5.8 and 2.0.0-rc.6.
 */
export interface SkapiLike {
  /** The signed-in user, or null. Known only once `getConnectionInfo` resolves. */
  readonly user?: unknown
  /** The service's id; part of a polled id in 2.0. */
  readonly service?: string
  /** The id of the service's owner. */
  readonly owner?: string
  /** Resolves once the client is connected and signed in. */
  getConnectionInfo?: () => Promise<unknown>
  util: {
    request: (
      endpoint: string,
      data?: object,
      options?: { auth?: boolean; tokenHeaders?: { accessToken?: boolean } },
    ) => Promise<unknown>
  }
  clientSecretRequestHistory: (
    params: {
      url: string
      method: SkapiMethod
      queue?: string
      /** From 2.0 on, as the two below. 1.5.8 drops them. */
      status?: 'pending' | 'running' | 'resolved' | 'failed'
      compact?: boolean
      /** Without it, `queue` is the beginning of a name. */
      queue_exact?: boolean
    },
    options?: { limit?: number; startKey?: Record<string, unknown> },
  ) => Promise<{ list: unknown[]; startKey?: unknown; endOfList?: boolean }>
  /** From 2.0 on. */
  cancelClientSecretRequest?: (params: {
    url: string
    method: SkapiMethod
    id: string
    queue?: string
  }) => Promise<unknown>
  /** From 2.0 on. */
  clientSecretRequestQueueCount?: (params: { queue: string }) => Promise<unknown>
}

/** Talks to Skapi. Features that Skapi lacks fail with an error that says so. */
export function skapiTransport(skapi: SkapiLike): Transport {
  const isVersion2 = typeof skapi.cancelClientSecretRequest === 'function'
  const { call, send, signIn } = createCalls(skapi)
  /** Requests that this page cancelled. Skapi forgets them. */
  const cancelled = new Set<string>()

  /** The id in polls of Skapi, with the url in lower case, as Skapi stores it. */
  function polledId({ method, url, queue }: Omit<Address, 'id'>, id: string): string {
    const group = isVersion2 ? `#${skapi.service ?? ''}` : queue === undefined ? '' : `#${queue}`
    return `[${method}]${url.toLowerCase()}${group}:${id}`
  }

  async function pollSkapi(address: Address): Promise<ClientSecretRecord> {
    try {
      const answer = await call('csr-poll', { id: polledId(address, address.id) })
      return recordOf(address, isWaiting(answer, address.id) ? waitingFields(answer) : settledFields(answer))
    } catch (thrown) {
      return failedRecord(address, asClientSecretError(thrown))
    }
  }

  async function pollOne(recordId: string): Promise<ClientSecretRecord> {
    const address = readAddress(recordId)
    const polled = cancelled.has(recordId) ? undefined : pollSkapi(address)
    await polled?.catch(() => {})
    // The cancel may have come during the poll.
    return !polled || cancelled.has(recordId) ? recordOf(address, { status: 'cancelled' }) : polled
  }

  /** 2.0 runs in the background what has a queue, so a poll without one gets a queue of its own, as in skapi-js. */
  async function queueOf({ queue, poll }: ClientSecretRequest): Promise<string | undefined> {
    if (!isVersion2 || queue !== undefined || !poll) return queue
    const { user_id } = fieldsOf((await signIn()) ? skapi.user : undefined)
    return `${typeof user_id === 'string' ? user_id : 'anonymous'}-${randomId()}`
  }

  return {
    name: `skapi:${skapi.service ?? ''}`,
    isIdempotent: false,

    async submit(params) {
      // Skapi does not check it.
      const request = parseRequest(params)
      if (request.method === 'PATCH' || request.method === 'HEAD') throw unsupported(`a ${request.method}`)
      if (typeof request.data === 'string' || Array.isArray(request.data))
        throw unsupported('a body that is not an object')
      const isBackground = request.queue !== undefined || Boolean(request.poll)
      const { method, url } = request
      const queue = await queueOf(request)
      // 1.5.8 runs in the background what has `poll`.
      const body = { ...skapiBody({ ...request, queue }), ...(!isVersion2 && { poll: isBackground }) }
      const address: Address = { id: '', method, url, queue }
      try {
        const answer = await send(body)
        const id = idOf(answer)
        if (isBackground && id !== undefined && isWaiting(answer, id))
          return recordOf({ ...address, id }, waitingFields(answer), request)
        return recordOf({ ...address, id: id ?? 'direct' }, settledFields(answer), request)
      } catch (thrown) {
        return failedRecord({ ...address, id: 'direct' }, asClientSecretError(thrown), request)
      }
    },

    async poll(seen) {
      const answer: PollAnswer = { records: [], errors: [] }
      const outcomes = await Promise.allSettled(seen.map(({ id }) => pollOne(id)))
      outcomes.forEach((outcome, index) => {
        const { id, version } = seen[index]!
        if (outcome.status === 'fulfilled') {
          if (outcome.value.version !== version) answer.records.push(outcome.value)
          return
        }
        const error = asClientSecretError(outcome.reason)
        // A failure of the network concerns all records, so it fails the whole poll.
        if (error.code === 'NETWORK_ERROR' || error.code === 'RATE_LIMITED') throw error
        answer.errors.push({ id, error: { code: error.code, message: error.message, requestId: id } })
      })
      return answer
    },

    history: (filter) => readHistory(skapi, filter),

    cancel: async (recordId) => {
      if (!skapi.cancelClientSecretRequest) throw unsupported('cancelling a request')
      const { id, url, method, queue } = readAddress(recordId)
      const answer = await skapi
        .cancelClientSecretRequest({ url, method, id, ...(queue !== undefined && { queue }) })
        .catch((thrown: unknown) => {
          throw skapiError(thrown)
        })
      const { removed, message } = fieldsOf(answer)
      if (removed !== false) cancelled.add(recordId)
      return {
        removed: removed !== false,
        message: typeof message === 'string' ? message : 'The client asked Skapi to cancel the request.',
      }
    },

    queueCount: async (queueName) => {
      if (!skapi.clientSecretRequestQueueCount) throw unsupported('counting a queue')
      if (!queueName)
        throw new ClientSecretError('INVALID_PARAMETER', 'Skapi counts one queue by its name: give a name.', {
          path: 'queue',
        })
      if (!(await signIn()))
        throw new ClientSecretError('SIGN_IN_REQUIRED', 'Skapi counts queues of signed-in users only.')
      const answer = await skapi.clientSecretRequestQueueCount({ queue: queueName }).catch((thrown: unknown) => {
        throw skapiError(thrown)
      })
      const { in_queue, count } = fieldsOf(answer)
      return { queueName, inQueue: Number(typeof answer === 'number' ? answer : (in_queue ?? count ?? 0)) }
    },
  }
}

/** Calls of Skapi; equal submits wait for each other. */
function createCalls(skapi: SkapiLike) {
  /** Unanswered submits by their text: skapi-js merges equal ones. */
  const inFlight = new Map<string, Promise<unknown>>()

  /** Waits for the sign-in that skapi-js begins with. True with a user. */
  async function signIn(): Promise<boolean> {
    try {
      await skapi.getConnectionInfo?.()
    } catch (thrown) {
      throw skapiError(thrown)
    }
    return Boolean(skapi.user)
  }

  async function call(endpoint: string, data: object): Promise<unknown> {
    const auth = await signIn()
    const { service, owner } = skapi
    const options = { auth, ...(endpoint === 'csr' && { tokenHeaders: { accessToken: auth } }) }
    try {
      return await skapi.util.request(endpoint, { service, owner, ...data }, options)
    } catch (thrown) {
      throw skapiError(thrown)
    }
  }

  async function send(body: object): Promise<unknown> {
    const text = JSON.stringify(body)
    const sent = (inFlight.get(text) ?? Promise.resolve()).then(() => call('csr', body))
    // The next equal one waits for this one.
    const ended = sent.then(
      () => {},
      () => {},
    )
    inFlight.set(text, ended)
    void ended.then(() => {
      if (inFlight.get(text) === ended) inFlight.delete(text)
    })
    return sent
  }

  return { call, send, signIn }
}

/** The body of a submit, without `poll`. */
function skapiBody(request: ClientSecretRequest): object {
  const { clientSecretName, url, method, headers, data, params, expires, queue } = request
  return {
    clientSecretName,
    url,
    method: method.toLowerCase(),
    ...(headers && { headers }),
    ...(data && { data }),
    ...(params && {
      params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)])),
    }),
    ...(expires !== undefined && { expires }),
    ...(queue !== undefined && { queue }),
  }
}

async function readHistory(
  skapi: SkapiLike,
  { url, method, queue, status, compact, limit, cursor }: HistoryFilter,
): Promise<HistoryPage> {
  if (url === undefined || method === undefined || method === 'PATCH' || method === 'HEAD') {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      "Skapi's history is asked by url and method: give both, and neither PATCH nor HEAD.",
      { path: url === undefined ? 'url' : 'method' },
    )
  }
  const startKey = cursor === undefined ? undefined : (JSON.parse(cursor) as Record<string, unknown>)
  const page = await skapi
    .clientSecretRequestHistory(
      {
        url,
        method,
        ...(queue !== undefined && { queue, queue_exact: true }),
        ...(status !== undefined && status !== 'cancelled' && { status }),
        ...(compact && { compact }),
      },
      { ...(limit !== undefined && { limit }), ...(startKey && { startKey }) },
    )
    .catch((thrown: unknown) => {
      throw skapiError(thrown)
    })
  const records = page.list.map((item) => historyRecord(item, { url, method, queue }, compact ?? false))
  return {
    records: status === undefined ? records : records.filter((record) => record.status === status),
    cursor: page.endOfList || typeof page.startKey !== 'object' ? null : JSON.stringify(page.startKey),
  } satisfies HistoryPage
}
