import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { Skapi } from 'skapi-js'
import { onTestFinished, vi } from 'vitest'
import { listen } from '../../stories/demo/openai.ts'
import type { SkapiLike } from '../../src/client/skapi-transport.ts'

/** A folder with skapi-js 2.0, a package like that of npm. */
export const skapi2Folder = process.env['SKAPI_JS_2']

export interface SkapiServer {
  skapi: SkapiLike
  /** Calls of each endpoint, with what they carried. */
  calls: { endpoint: string; body: Record<string, unknown>; isSignedIn: boolean }[]
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
  created: number
  updated: number
  abort: AbortController
}

/**
 * A small server that speaks Skapi's wire, as skapi-js 1.5.8 and 2.0.0-rc.6 use it, with a real client in front:
 * 1.5.8, or the 2.0 in the folder that the environment variable SKAPI_JS_2 names. 2.0 is not on npm, so without
 * the folder its additions are put upon 1.5.8.
 */
export async function startSkapi(
  version: 1 | 2 | 'folder',
  secret: string,
  { isSignedIn = false }: { isSignedIn?: boolean } = {},
): Promise<SkapiServer> {
  const isVersion2 = version !== 1
  const service = 'abcdservice'
  const stored: Stored[] = []
  const lines = new Map<string, Promise<void>>()
  const calls: SkapiServer['calls'] = []
  const pollsUnderWay = new Map<string, number>()
  let most = 0
  let isCut = false

  function keyOf(method: unknown, url: unknown, queue: unknown): string {
    const group = isVersion2 ? `#${service}` : typeof queue === 'string' ? `#${queue}` : ''
    return `[${String(method).toUpperCase()}]${String(url).toLowerCase()}${group}:`
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
    const isBackground = isVersion2 ? body['queue'] !== undefined : body['poll'] === true
    const abort = new AbortController()
    if (!isBackground) return callApi(body, abort.signal)
    const now = Date.now()
    const record: Stored = {
      id: `${now}:${randomBytes(4).toString('hex')}`,
      key: keyOf(body['method'], body['url'], body['queue']),
      status: 'pending',
      request: body,
      created: now,
      updated: now,
      abort,
    }
    stored.push(record)
    const line = `${record.key}#${String(body['queue'])}`
    const before = body['queue'] === undefined ? Promise.resolve() : (lines.get(line) ?? Promise.resolve())
    lines.set(
      line,
      before.then(() => run(record)),
    )
    return waiting(record)
  }

  function waiting({ id, status, created, request }: Stored): object {
    return { id, status, ...(isVersion2 && { created, queue_name: request['queue'], in_queue: 1 }) }
  }

  function list(body: Record<string, unknown>): unknown {
    const key = body['id'] ?? body['id_prefix']
    const queue = body['queue']
    const items = stored.filter((record) => {
      const queueName = String(record.request['queue'] ?? '')
      return (
        record.key === key &&
        (queue === undefined || (body['queue_exact'] ? queueName === queue : queueName.startsWith(String(queue)))) &&
        (body['status'] === undefined || record.status === body['status'])
      )
    })
    return {
      list: items.map((record) => ({
        id: record.id,
        stts: record.status,
        err: record.error,
        utmp: record.updated,
        expt: Math.floor(record.created / 1000) + Number(record.request['expires'] ?? 86_400),
        ...(isVersion2 && { stmp: record.created, qid: record.request['queue'] }),
        ...(body['compact']
          ? { cmpct: true }
          : { rslv: { status_code: 200, body: record.body }, reqbdy: record.request['data'] }),
      })),
      startKey: 'end',
      endOfList: true,
    }
  }

  function poll(body: Record<string, unknown>): unknown {
    const record = stored.find(({ key, id }) => body['id'] === key + id)
    if (!record) throw new Error('NOT_EXISTS: There is no such request.')
    if (record.status === 'failed') throw new Error(record.error)
    return record.status === 'pending' ? waiting(record) : record.body
  }

  function count({ queue }: Record<string, unknown>, isPrivate: boolean): unknown {
    if (!isPrivate) throw new Error('INVALID_REQUEST: User login is required.')
    const name = String(queue).slice(0, -1)
    const open = stored.filter(({ status, request }) => status === 'pending' && request['queue'] === name)
    return { queue_name: name, in_queue: open.length }
  }

  async function answer(endpoint: string, body: Record<string, unknown>, isPrivate: boolean): Promise<unknown> {
    if (endpoint === 'service') return { ip: '127.0.0.1', locale: 'XX', service_name: 'test', email: '' }
    calls.push({ endpoint, body, isSignedIn: isPrivate })
    // skapi-js 1.5.8 sends both with a csr only, 2.0 with all.
    if ((isVersion2 || endpoint === 'csr') && (body['service'] !== service || body['owner'] !== owner))
      throw new Error('INVALID_PARAMETER: service and owner are required.')
    if (endpoint === 'csr') return csr(body)
    if (endpoint === 'csr-cancel') {
      const index = stored.findIndex(({ key, id }) => body['id'] === key + id)
      stored.splice(index, 1)[0]?.abort.abort()
      return { removed: true, message: 'removed' }
    }
    const id = String(body['id'])
    pollsUnderWay.set(id, (pollsUnderWay.get(id) ?? 0) + 1)
    most = Math.max(most, pollsUnderWay.get(id)!)
    await new Promise((resolve) => setTimeout(resolve, 20))
    pollsUnderWay.set(id, pollsUnderWay.get(id)! - 1)
    if (body['id'] === undefined && body['id_prefix'] === undefined) return count(body, isPrivate)
    return body['id'] === undefined || id.endsWith(':') ? list(body) : poll(body)
  }

  const server = createServer((incoming, outgoing) => {
    outgoing.setHeader('access-control-allow-origin', '*')
    outgoing.setHeader('access-control-allow-headers', '*')
    if (incoming.method === 'OPTIONS') return void outgoing.writeHead(204).end()
    if (isCut) return void incoming.socket.destroy()
    void readBody(incoming).then(async (body) => {
      try {
        const [, gateway, endpoint] = (incoming.url ?? '').split('?')[0]!.split('/')
        const result = await answer(endpoint!, body, gateway === 'private' && Boolean(incoming.headers.authorization))
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
    admin_public: `${url}/public/`,
    admin_private: `${url}/private/`,
    service_public: `${url}/public/`,
    record_public: `${url}/public/`,
    userpool_id: 'eu-west-1_aaaaaaaaa',
    userpool_client: 'a',
  }
  vi.stubGlobal('fetch', (input: string, init?: RequestInit) =>
    String(input).includes('cloudfront.net')
      ? Promise.resolve({ blob: () => Promise.resolve(new Blob([JSON.stringify(endpoints)])) })
      : realFetch(input, init),
  )
  // It prints a banner.
  const banner = vi.spyOn(console, 'log').mockImplementation(() => {})
  const Class = version === 'folder' ? skapiOfFolder() : Skapi
  if (isSignedIn) keepSession(service)
  const real = new Class(service, owner)
  onTestFinished(async () => {
    // A client that is still connecting would fail after its test.
    isCut = false
    await real.getConnectionInfo().catch(() => {})
    banner.mockRestore()
    vi.unstubAllGlobals()
    window.sessionStorage.clear()
    window.localStorage.clear()
    server.closeAllConnections()
    server.close()
  })

  const skapi: SkapiLike = version === 2 ? withVersion2(real, url, keyOf) : real
  return { skapi, calls, maxPollsAtOnce: () => most, cut: (now) => void (isCut = now) }
}

const owner = '11111111-2222-3333-4444-555555555555'

function skapiOfFolder(): typeof Skapi {
  const require = createRequire(join(resolve(skapi2Folder!), 'package.json'))
  return (require(resolve(skapi2Folder!)) as { Skapi: typeof Skapi }).Skapi
}

/** The session of an earlier page load, where Cognito's client keeps it. */
function keepSession(service: string): void {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const claims = { sub: 'user-1', 'cognito:username': 'user-1', 'custom:service': service, iat: now, exp: now + 86_400 }
  const token = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`
  const prefix = 'CognitoIdentityServiceProvider.a'
  window.localStorage.setItem(`${prefix}.LastAuthUser`, 'user-1')
  for (const name of ['idToken', 'accessToken', 'refreshToken'])
    window.localStorage.setItem(`${prefix}.user-1.${name}`, token)
  window.localStorage.setItem(`${prefix}.user-1.clockDrift`, '0')
}

/** What 2.0 adds, put upon 1.5.8. */
function withVersion2(
  real: Skapi,
  url: string,
  keyOf: (method: unknown, url: unknown, queue: unknown) => string,
): SkapiLike {
  const { service } = real
  return Object.assign(Object.create(real) as Skapi, {
    async clientSecretRequestHistory({
      url: address,
      method,
      ...filter
    }: Parameters<SkapiLike['clientSecretRequestHistory']>[0]) {
      const key = keyOf(method, address, undefined)
      const page = (await real.util.request('csr-poll', {
        service,
        owner,
        [filter.queue ? 'id_prefix' : 'id']: key,
        ...filter,
      })) as { list: Record<string, unknown>[] }
      return {
        ...page,
        list: page.list.map((item) => ({
          id: item['id'],
          status: item['stts'],
          status_code: 200,
          response_body: (item['rslv'] as { body: unknown } | undefined)?.body,
          error: item['err'],
          request_body: item['reqbdy'],
          created: item['stmp'],
          updated: item['utmp'],
          expires: item['expt'],
          queue_name: item['qid'],
        })),
      }
    },
    // 1.5.8 knows no endpoint for it.
    cancelClientSecretRequest: async ({ url: address, method, id }: { url: string; method: string; id: string }) =>
      (
        await fetch(`${url}/public/csr-cancel`, {
          method: 'POST',
          body: JSON.stringify({ service, owner, id: keyOf(method, address, undefined) + id }),
        })
      ).json(),
    clientSecretRequestQueueCount({ queue }: { queue: string }) {
      if (!queue) throw new Error('"queue" is required.')
      return real.util.request('csr-poll', { service, owner, queue: `${queue}:` }, { auth: true })
    },
  })
}

async function readBody(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>
}
