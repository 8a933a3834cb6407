import { asClientSecretError, ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord, HistoryPage, PollAnswer, RecordStatus, UpstreamResponse } from '../protocol/record.ts'
import { parseRequest, type ClientSecretRequest, type Method } from '../protocol/request.ts'
import type { Transport } from './transport.ts'

/**
 * The part of a Skapi object that is used, so that skapi-js is no dependency of
 * ours. Source: skapi-js 1.5.8 and the API of 2.0.
 */
export interface SkapiLike {
  /** The signed-in user; null for nobody. */
  readonly user?: unknown
  /** The service's id; part of a polled id in 2.0. */
  readonly service?: string
  util: {
    request: (
      endpoint: string,
      data?: object,
      options?: { auth?: boolean; tokenHeaders?: { accessToken?: boolean } },
    ) => Promise<unknown>
  }
  clientSecretRequestHistory: (
    params: { url: string; method: 'GET' | 'POST' | 'PUT' | 'DELETE'; queue?: string },
    options?: { limit?: number; startKey?: Record<string, unknown> },
  ) => Promise<{ list: unknown[]; startKey?: unknown; endOfList?: boolean }>
  /** From 2.0 on. */
  cancelClientSecretRequest?: (params: { url: string; method: string; id: string; queue?: string }) => Promise<unknown>
  /** From 2.0 on. */
  clientSecretRequestQueueCount?: (params: { queue: string }) => Promise<unknown>
}

/** What it takes to ask Skapi for a request again; it is the record's id, so that a reload needs nothing else. */
interface Address {
  id: string
  method: Method
  url: string
  queue: string | undefined
}

/** Seconds for which a record is kept where the request does not say; Skapi does not tell. */
const defaultLifetime = 86_400

/** Talks to Skapi. What its wire cannot do is an error that says so. */
export function skapiTransport(skapi: SkapiLike): Transport {
  const isVersion2 = typeof skapi.cancelClientSecretRequest === 'function'
  /** Requests on their way, by what they say: skapi-js takes two alike at once for one. */
  const underWay = new Map<string, Promise<unknown>>()

  async function call(endpoint: string, data: object): Promise<unknown> {
    const auth = Boolean(skapi.user)
    try {
      return await skapi.util.request(endpoint, data, { auth, tokenHeaders: { accessToken: auth } })
    } catch (thrown) {
      throw skapiError(thrown)
    }
  }

  async function send(body: object): Promise<unknown> {
    const text = JSON.stringify(body)
    const sent = (underWay.get(text) ?? Promise.resolve()).then(() => call('csr', body))
    // The next one alike waits for this one, however it ends.
    const ended = sent.then(
      () => {},
      () => {},
    )
    underWay.set(text, ended)
    void ended.then(() => {
      if (underWay.get(text) === ended) underWay.delete(text)
    })
    return sent
  }

  /** The id by which Skapi polls; the url in lower case, as it keeps it. */
  function polledId({ method, url, queue }: Omit<Address, 'id'>, id: string): string {
    const group = isVersion2 ? `#${skapi.service ?? ''}` : queue === undefined ? '' : `#${queue}`
    return `[${method}]${url.toLowerCase()}${group}:${id}`
  }

  async function pollOne(recordId: string): Promise<ClientSecretRecord> {
    const address = readAddress(recordId)
    try {
      const answer = await call('csr-poll', { id: polledId(address, address.id) })
      return isWaiting(answer, address.id)
        ? recordOf(address, waitingFields(answer))
        : recordOf(address, settledFields(answer))
    } catch (thrown) {
      const error = asClientSecretError(thrown)
      if (error.code !== 'UPSTREAM_ERROR') throw error
      return recordOf(address, { status: 'failed', error: { code: error.code, message: error.message } })
    }
  }

  return {
    name: `skapi:${skapi.service ?? ''}`,
    isIdempotent: false,

    async submit(params) {
      // No relay of ours checks it.
      const request = parseRequest(params)
      if (request.method === 'PATCH' || request.method === 'HEAD') throw unsupported(`a ${request.method}`)
      if (typeof request.data === 'string' || Array.isArray(request.data)) throw unsupported('a body that is no object')
      const isBackground = request.queue !== undefined || Boolean(request.poll)
      const { clientSecretName, url, method, headers, data, params: query, expires, queue } = request
      const body = {
        clientSecretName,
        url,
        method: method.toLowerCase(),
        ...(headers && { headers }),
        ...(data && { data }),
        ...(query && {
          params: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)])),
        }),
        ...(expires !== undefined && { expires }),
        ...(queue !== undefined && { queue }),
        // 1.5.8 asks the server to run it in the background; 2.0 always may.
        ...(!isVersion2 && { poll: isBackground }),
      }
      const address: Address = { id: '', method, url, queue }
      try {
        const answer = await send(body)
        const id = idOf(answer)
        if (isBackground && id !== undefined && isWaiting(answer, id))
          return recordOf({ ...address, id }, waitingFields(answer), request)
        return recordOf({ ...address, id: id ?? 'direct' }, settledFields(answer), request)
      } catch (thrown) {
        const error = asClientSecretError(thrown)
        if (error.code !== 'UPSTREAM_ERROR') throw error
        return recordOf(
          { ...address, id: 'direct' },
          { status: 'failed', error: { code: error.code, message: error.message } },
          request,
        )
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
        // The network's failure is everybody's; a record's own is its own.
        if (error.code === 'NETWORK_ERROR' || error.code === 'RATE_LIMITED') throw error
        answer.errors.push({ id, error: { code: error.code, message: error.message, requestId: id } })
      })
      return answer
    },

    async history({ url, method, queue, status, compact, limit, cursor }) {
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
          { url, method, ...(queue !== undefined && { queue }) },
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
    },

    cancel: async (recordId) => {
      if (!skapi.cancelClientSecretRequest) throw unsupported('cancelling a request')
      const { id, url, method, queue } = readAddress(recordId)
      const answer = await skapi
        .cancelClientSecretRequest({ url, method, id, ...(queue !== undefined && { queue }) })
        .catch((thrown: unknown) => {
          throw skapiError(thrown)
        })
      const { removed, message } = fieldsOf(answer)
      return {
        removed: removed !== false,
        message: typeof message === 'string' ? message : 'Skapi was told to cancel the request.',
      }
    },

    queueCount: async (queueName) => {
      if (!skapi.clientSecretRequestQueueCount) throw unsupported('counting a queue')
      const answer = await skapi.clientSecretRequestQueueCount({ queue: queueName }).catch((thrown: unknown) => {
        throw skapiError(thrown)
      })
      const { in_queue, count } = fieldsOf(answer)
      return { queueName, inQueue: Number(typeof answer === 'number' ? answer : (in_queue ?? count ?? 0)) }
    },
  }
}

function unsupported(what: string): ClientSecretError {
  return new ClientSecretError(
    'NOT_ALLOWED',
    `This version of skapi-js does not offer ${what}. Use skapi-js 2.0 or later where it has it, or the relay of react-client-secret.`,
  )
}

// The separators of a poll are encoded away.
function writeAddress({ id, method, url, queue }: Address): string {
  return encodeURIComponent(JSON.stringify(queue === undefined ? [id, method, url] : [id, method, url, queue]))
}

function readAddress(recordId: string): Address {
  try {
    const [id, method, url, queue] = JSON.parse(decodeURIComponent(recordId)) as [
      string,
      Method,
      string,
      string | undefined,
    ]
    return { id, method, url, queue }
  } catch (cause) {
    throw new ClientSecretError('REQUEST_NOT_FOUND', 'This is not the id of a request that was sent through Skapi.', {
      requestId: recordId,
      cause,
    })
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function idOf(answer: unknown): string | undefined {
  const { id } = fieldsOf(answer)
  return typeof id === 'string' ? id : undefined
}

/** What Skapi says of a request that waits. An API's body may have a status too; it has not this id and nothing but these fields. */
const waitingNames = new Set(['id', 'status', 'queue_name', 'in_queue', 'poll', 'updated', 'expires', 'request_body'])

function isWaiting(answer: unknown, id: string): boolean {
  const fields = fieldsOf(answer)
  return (
    (fields['status'] === 'pending' || fields['status'] === 'running') &&
    (fields['id'] === undefined || fields['id'] === id) &&
    Object.keys(fields).every((name) => waitingNames.has(name))
  )
}

type Fields = Pick<ClientSecretRecord, 'status'> & Partial<ClientSecretRecord>

function waitingFields(answer: unknown): Fields {
  const { status, in_queue } = fieldsOf(answer)
  return { status: status as RecordStatus, inQueue: typeof in_queue === 'number' ? in_queue : undefined }
}

/** Skapi hands on the API's body, and of its status and headers nothing. */
function settledFields(answer: unknown): Fields {
  return { status: 'resolved', response: responseOf(answer) }
}

function responseOf(body: unknown, status = 200): UpstreamResponse {
  return typeof body === 'string'
    ? { status, headers: { 'content-type': 'text/plain' }, body }
    : { status, headers: { 'content-type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body) }
}

function recordOf(
  address: Address,
  fields: Fields,
  { expires = defaultLifetime }: Partial<ClientSecretRequest> = {},
): ClientSecretRecord {
  const now = Date.now()
  return {
    id: writeAddress(address),
    // Skapi numbers nothing; what can be seen of a change is the version.
    version: fields.inQueue === undefined ? fields.status : `${fields.status}.${fields.inQueue}`,
    queueName: address.queue,
    createdAt: now,
    updatedAt: now,
    expiresAt: now + expires * 1000,
    ...fields,
  }
}

/** An item of Skapi's history, as skapi-js 1.5.8 gives it. */
function historyRecord(
  item: unknown,
  { url, method, queue }: Omit<Address, 'id'>,
  compact: boolean,
): ClientSecretRecord {
  const { id, status, status_code, response_body, error, updated, request_body, expires } = fieldsOf(item)
  const isKnown = status === 'pending' || status === 'running' || status === 'failed'
  const body = fieldsOf(request_body)
  return {
    ...recordOf(
      { id: String(id), method, url, queue },
      {
        status: isKnown ? status : 'resolved',
        response:
          compact || response_body === null || response_body === undefined
            ? undefined
            : responseOf(response_body, Number(status_code ?? 200)),
        error:
          status === 'failed'
            ? {
                code: 'UPSTREAM_ERROR',
                message: typeof error === 'string' ? error : "The API failed; its answer is in the error's data.",
              }
            : undefined,
      },
    ),
    ...(typeof updated === 'number' && { updatedAt: updated, createdAt: updated }),
    ...(typeof expires === 'number' && { expiresAt: expires }),
    request: { clientSecretName: '', url, method, queue, ...(compact ? {} : { data: body }) },
  }
}

/** Skapi rejects with errors of its own, with texts for the network's, and with what the API answered. */
function skapiError(thrown: unknown): ClientSecretError {
  if (thrown === 'Network error' || thrown === 'Timeout' || thrown === 'Aborted') {
    return new ClientSecretError('NETWORK_ERROR', `Skapi got no answer: ${thrown}.`, { cause: thrown })
  }
  if (thrown === 'Too many requests')
    return new ClientSecretError('RATE_LIMITED', 'Skapi answered that there are too many requests.', { cause: thrown })
  const { code, message } = fieldsOf(thrown)
  const text = typeof message === 'string' ? message : typeof thrown === 'string' ? thrown : JSON.stringify(thrown)
  if (code === 'INVALID_PARAMETER')
    return new ClientSecretError('INVALID_PARAMETER', `Skapi refused the request: ${text}`, { cause: thrown })
  if (code === 'NOT_EXISTS')
    return new ClientSecretError('REQUEST_NOT_FOUND', `Skapi knows no such request: ${text}`, { cause: thrown })
  return new ClientSecretError('UPSTREAM_ERROR', `Skapi or the API answered with a failure: ${text}`, {
    cause: thrown,
    data: thrown,
  })
}
