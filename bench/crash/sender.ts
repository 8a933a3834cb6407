import { setTimeout as sleep } from 'node:timers/promises'
import type { ClientSecretRecord, HistoryPage, PollAnswer } from '../../src/protocol/record.ts'
import type { SentRequest } from './check-history.ts'

export interface Planned extends SentRequest {
  /** Its path at the API. */
  path: string
  queueName?: string
}

export type Answer = NonNullable<SentRequest['answer']>

/** A caller, over plain HTTP: it knows the protocol, and sends again what was not answered, with the same key. */
export function createSender(api: string, session: string, urlOf: (attempt: number) => string) {
  const headers = { 'client-session': session, 'content-type': 'application/json' }

  /** The answer with its status; null if there is none, or if the relay is unavailable. */
  async function ask<Body>(path: string, attempt: number, init: RequestInit = {}): Promise<[number, Body] | null> {
    try {
      const signal = AbortSignal.timeout(60_000)
      const response = await fetch(urlOf(attempt) + path, { ...init, signal, headers: { ...headers, ...init.headers } })
      const body = (await response.json()) as Body
      return response.status === 503 ? null : [response.status, body]
    } catch {
      return null
    }
  }

  /** Asks until there is an answer. */
  async function askUntil<Body>(path: string, init?: RequestInit): Promise<[number, Body]> {
    for (let attempt = 0; ; attempt++) {
      const answered = await ask<Body>(path, attempt, init)
      if (answered) return answered
      await sleep(100 + 100 * Math.random())
    }
  }

  function told({ status, error, response }: ClientSecretRecord): Omit<Answer, 'at'> {
    return { status, code: error?.code, body: response?.body }
  }

  return {
    /** Sends a request, and resolves when a relay has accepted it. `settled` resolves with its answer. */
    async send({ name, method, path, queueName }: Planned): Promise<{ settled: Promise<Answer> }> {
      const [status, record] = await askUntil<ClientSecretRecord & { error?: { code: string } }>('/requests', {
        method: 'POST',
        headers: { 'idempotency-key': `key of ${name}` },
        body: JSON.stringify({
          clientSecretName: 'api',
          url: `${api}${path}`,
          method,
          headers: { authorization: '$CLIENT_SECRET' },
          params: { name },
          ...(method !== 'GET' && { data: { name } }),
          ...(queueName !== undefined && { queue: queueName }),
        }),
      })
      const now = performance.now()
      if (status === 200) return { settled: Promise.resolve({ ...told(record), at: now }) }
      if (status !== 202)
        return { settled: Promise.resolve({ status: `refused ${status}`, code: record.error?.code, at: now }) }
      return { settled: settledAnswer(record.id) }
    },

    /** What the history says of all requests of this caller, by name. */
    async history(): Promise<Map<string, Omit<Answer, 'at'>>> {
      const [, page] = await askUntil<HistoryPage>('/requests?limit=100')
      return new Map(page.records.map((record) => [String(record.request?.params?.['name']), told(record)]))
    },
  }

  async function settledAnswer(id: string): Promise<Answer> {
    for (let version = ''; ;) {
      const [, { records, errors }] = await askUntil<PollAnswer>(`/requests?ids=${id}${version}&wait=5000`)
      const at = performance.now()
      if (errors[0]) return { status: 'absent', code: errors[0].error.code, at }
      const [record] = records
      if (record && record.status !== 'pending' && record.status !== 'running') return { ...told(record), at }
      if (record) version = `:${record.version}`
    }
  }
}
