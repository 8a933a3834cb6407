import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { Skapi } from 'skapi-js'
import { onTestFinished, vi } from 'vitest'
import { listen } from '../../stories/demo/openai.ts'
import type { SkapiLike } from '../../src/client/skapi-transport.ts'

export interface SkapiServer {
  skapi: SkapiLike
  /** Calls of each endpoint, with what they carried. */
  calls: { endpoint: string; body: Record<string, unknown> }[]
  /** How many polls of one id were under way at once, at most. */
  maxPollsAtOnce: () => number
  /** Breaks connections off instead of answering. */
  cut: (isCut: boolean) => void
}

interface Stored {
  id: string
  key: string
  status: 'pending' | 'resolved' | 'failed'
  body?: unknown
  error?: string
  request: Record<string, unknown>
  updated: number
  abort: AbortController
}

/**
 * A small server that speaks Skapi's wire, as skapi-js 1.5.8 or the API of 2.0
 * uses it, with the real skapi-js 1.5.8 in front: 2.0 is not on npm, so what it
 * adds is put upon 1.5.8's own `util.request`.
 */
export async function startSkapi(version: 1 | 2, secret: string): Promise<SkapiServer> {
  const service = 'abcdservice'
  const stored = new Map<string, Stored>()
  const lines = new Map<string, Promise<void>>()
  const calls: SkapiServer['calls'] = []
  const pollsUnderWay = new Map<string, number>()
  let most = 0
  let isCut = false

  function keyOf(method: string, url: string, queue: unknown): string {
    const group = version === 2 ? `#${service}` : typeof queue === 'string' ? `#${queue}` : ''
    return `[${method.toUpperCase()}]${url.toLowerCase()}${group}:`
  }

  /** Calls the API with the real key, and gives its body. */
  async function callApi(body: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
    const fill = <T>(value: T): T => JSON.parse(JSON.stringify(value ?? null).replaceAll('$CLIENT_SECRET', secret)) as T
    const url = new URL(String(body['url']))
    for (const [name, value] of Object.entries(fill(body['params'] ?? {}))) url.searchParams.set(name, String(value))
    const hasBody = body['data'] !== undefined
    const response = await fetch(url, {
      method: String(body['method']).toUpperCase(),
      headers: {
        ...(hasBody && { 'content-type': 'application/json' }),
        ...fill(body['headers'] as Record<string, string>),
      },
      body: hasBody ? JSON.stringify(fill(body['data'])) : null,
      signal,
    })
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    return /json/.test(response.headers.get('content-type') ?? '') ? JSON.parse(text) : text
  }

  async function run(record: Stored): Promise<void> {
    if (record.abort.signal.aborted) return
    try {
      record.body = await callApi(record.request, record.abort.signal)
      record.status = 'resolved'
    } catch (error) {
      record.error = (error as Error).message
      record.status = 'failed'
    }
    record.updated = Date.now()
  }

  async function csr(body: Record<string, unknown>): Promise<unknown> {
    const isBackground = version === 1 ? body['poll'] === true : body['queue'] !== undefined
    const abort = new AbortController()
    if (!isBackground) return callApi(body, abort.signal)
    const record: Stored = {
      id: randomUUID(),
      key: keyOf(String(body['method']), String(body['url']), body['queue']),
      status: 'pending',
      request: body,
      updated: Date.now(),
      abort,
    }
    stored.set(record.id, record)
    const line = `${record.key}#${String(body['queue'])}`
    const before = body['queue'] === undefined ? Promise.resolve() : (lines.get(line) ?? Promise.resolve())
    lines.set(
      line,
      before.then(() => run(record)),
    )
    return { id: record.id, status: 'pending', ...(version === 2 && { queue_name: body['queue'], in_queue: 1 }) }
  }

  function poll({ id }: Record<string, unknown>): unknown {
    const [, key, recordId] = /^(.*:)([^:]*)$/.exec(String(id)) ?? []
    if (recordId === '') {
      const list = [...stored.values()].filter((record) => record.key === key)
      return {
        list: list.map((record) => ({
          id: record.id,
          stts: record.status,
          rslv: { status_code: 200, body: record.body },
          err: record.error,
          utmp: record.updated,
          reqbdy: record.request['data'],
        })),
        startKey: 'end',
        endOfList: true,
      }
    }
    const record = stored.get(recordId ?? '')
    if (record?.key !== key || !record) throw new Error('NOT_EXISTS: There is no such request.')
    if (record.status === 'failed') throw new Error(record.error)
    return record.status === 'pending' ? { status: 'pending' } : record.body
  }

  async function answer(endpoint: string, body: Record<string, unknown>): Promise<unknown> {
    if (endpoint === 'service') return { ip: '127.0.0.1', locale: 'XX', service_name: 'test', email: '' }
    calls.push({ endpoint, body })
    if (endpoint === 'csr') return csr(body)
    if (endpoint === 'csr-cancel') {
      const record = stored.get(String(body['id']).split(':').at(-1) ?? '')
      record?.abort.abort()
      return { removed: true, message: 'removed' }
    }
    if (endpoint === 'csr-count')
      return {
        in_queue: [...stored.values()].filter(
          ({ status, request }) => status === 'pending' && request['queue'] === body['queue'],
        ).length,
      }
    const id = String(body['id'])
    pollsUnderWay.set(id, (pollsUnderWay.get(id) ?? 0) + 1)
    most = Math.max(most, pollsUnderWay.get(id)!)
    await new Promise((resolve) => setTimeout(resolve, 20))
    pollsUnderWay.set(id, pollsUnderWay.get(id)! - 1)
    return poll(body)
  }

  const server = createServer((incoming, outgoing) => {
    outgoing.setHeader('access-control-allow-origin', '*')
    outgoing.setHeader('access-control-allow-headers', '*')
    if (incoming.method === 'OPTIONS') return void outgoing.writeHead(204).end()
    if (isCut) return void incoming.socket.destroy()
    void readBody(incoming).then(async (body) => {
      try {
        const result = await answer((incoming.url ?? '').split('?')[0]!.slice(1), body)
        outgoing.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
      } catch (error) {
        outgoing.writeHead(400, { 'content-type': 'application/json' }).end((error as Error).message)
      }
    })
  })
  const url = await listen(server)
  const realFetch = globalThis.fetch
  // skapi-js finds its endpoints on a CDN, in base64.
  const endpoints = {
    admin_public: `${url}/`,
    service_public: `${url}/`,
    record_public: `${url}/`,
    userpool_id: 'eu-west-1_aaaaaaaaa',
    userpool_client: 'a',
  }
  vi.stubGlobal('fetch', (input: string, init?: RequestInit) =>
    String(input).includes('cloudfront.net')
      ? Promise.resolve({ blob: () => Promise.resolve(new Blob([JSON.stringify(endpoints)])) })
      : realFetch(input, init),
  )
  onTestFinished(() => {
    vi.unstubAllGlobals()
    window.sessionStorage.clear()
    server.closeAllConnections()
    server.close()
  })

  // It prints a banner.
  const banner = vi.spyOn(console, 'log').mockImplementation(() => {})
  const real = new Skapi(service, '11111111-2222-3333-4444-555555555555', { autoLogin: false })
  await real.getConnectionInfo()
  banner.mockRestore()
  const skapi: SkapiLike =
    version === 1
      ? real
      : {
          user: null,
          service,
          util: real.util,
          clientSecretRequestHistory: async ({ url: address, method, queue }) => {
            const page = (await real.util.request('csr-poll', { id: keyOf(method, address, queue) })) as {
              list: { id: string; stts: string; rslv: { body: unknown }; reqbdy: unknown; utmp: number }[]
            }
            return {
              ...page,
              list: page.list.map(({ id, stts, rslv, reqbdy, utmp }) => ({
                id,
                status: stts,
                status_code: 200,
                response_body: rslv.body,
                request_body: reqbdy,
                updated: utmp,
              })),
            }
          },
          cancelClientSecretRequest: ({ url: address, method, id, queue }) =>
            post(url, 'csr-cancel', { id: `${keyOf(method, address, queue)}${id}` }),
          clientSecretRequestQueueCount: ({ queue }) => post(url, 'csr-count', { queue }),
        }
  return { skapi, calls, maxPollsAtOnce: () => most, cut: (now) => void (isCut = now) }
}

/** 1.5.8 knows no endpoint for what 2.0 adds. */
async function post(url: string, endpoint: string, body: object): Promise<unknown> {
  return (await fetch(`${url}/${endpoint}`, { method: 'POST', body: JSON.stringify(body) })).json()
}

async function readBody(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>
}
