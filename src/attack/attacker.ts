import { Agent, request as send } from 'node:http'
import { randomBytes, randomUUID } from 'node:crypto'
import type { FakeInternet, World } from './fake-internet.ts'
import type { Evidence, Channel } from './evidence.ts'
import type { Wish } from './target.ts'

/** The relay's answer, byte for byte. */
export interface Reply {
  status: number
  /** Status message and headers, one item per line. */
  head: string
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

export interface Sent {
  /** Default: a signed-in user. */
  as?: 'user' | 'visitor' | 'nobody'
  headers?: Record<string, string>
}

/** An attacker can send anything to the relay, and controls every upstream. */
export interface Attacker {
  url: string
  /** Requests that a learning attacker may send. */
  budget: number
  /** How the upstreams behave from now on. */
  world(world: Partial<World>): void
  /** Sends a request, and polls it until it settles if it runs in the background. */
  submit(request: Wish | string, sent?: Sent): Promise<Reply>
  /** Sends a request as a fetch: its head in a header, its data as the body, and the answer as it comes. */
  fetch(request: Wish, sent?: Sent): Promise<Reply>
  /** Sends a request with a raw body, as a record and as a fetch. */
  sendRaw(request: Wish, body: string, sent?: Sent): Promise<void>
  ask(method: string, path: string, sent?: Sent, body?: string): Promise<Reply>
  /** Another caller, whose answers the attacker does not see. */
  victim: { submit(request: Wish): Promise<Reply>; ask(method: string, path: string): Promise<Reply> }
  /** Sends a request, or reads a path, and returns the last answer. For learning attackers with many questions: detectLeaks does not inspect these answers. */
  probe(request: Wish | string, sent?: Sent): Promise<Reply>
  /** Reports a leak that the vector found itself. */
  blame(where: string, channel?: Channel): void
  /** Records a measurement that is not a verdict. */
  note(text: string): void
}

/** The header that names the user. It replaces the config's own authenticate. */
export const userHeader = 'x-attack-user'
/** The header that marks an administrator. */
export const administratorHeader = 'x-attack-administrator'

/** Another way of a request to the relay, such as that of the service worker. */
export type FetchThrough = (
  relay: string,
  headers: Record<string, string>,
  request: Request,
  keyName: string,
) => Promise<Response>

/** The timeout of one step, in milliseconds. On a busy machine, a learner of another lane takes many seconds for a guess. */
const maxStep = 60_000

/** The results that a vector collects while it runs. */
export interface Gathered {
  replies: Reply[]
  blamed: Evidence[]
  notes: string[]
}

export function createAttacker(
  url: string,
  internet: FakeInternet,
  budget: number,
  { replies, blamed, notes }: Gathered,
  fetchThrough?: FetchThrough,
): Attacker {
  const session = randomBytes(18).toString('base64url')
  const identity = {
    user: { [userHeader]: 'mallory' },
    visitor: { 'client-session': session },
    nobody: {},
    victim: { [userHeader]: 'victor' },
  }
  const ask = (method: string, path: string, headers: Record<string, string>, body?: string) =>
    call(`${url}${path}`, method, headers, body)

  async function submit(request: Wish | string, headers: Record<string, string>, replied: (reply: Reply) => void) {
    const body = typeof request === 'string' ? request : JSON.stringify(request)
    const reply = await ask(
      'POST',
      '/requests',
      { 'content-type': 'application/json', 'idempotency-key': randomUUID(), ...headers },
      body,
    )
    replied(reply)
    if (reply.status !== 202) return reply
    const id = idOf(reply)
    const until = Date.now() + maxStep
    let polled
    do {
      polled = await ask('GET', `/requests?ids=${id}&wait=2000`, headers)
      replied(polled)
    } while (Date.now() < until && /"status":"(pending|running)"/.test(polled.body.toString()))
    replied(await ask('GET', '/requests?limit=1', headers))
    return reply
  }

  return {
    url,
    budget,
    world: (world) => internet.begin(world),
    submit: (request, { as = 'user', headers = {} } = {}) =>
      submit(request, { ...identity[as], ...headers }, (reply) => replies.push(reply)),
    async fetch(request, { as = 'user', headers = {} } = {}) {
      const { description, body } = asFetch(request)
      const described = { 'client-secret-request': btoa(description), 'idempotency-key': randomUUID() }
      const reply = await call(`${url}/fetch`, 'POST', { ...described, ...identity[as], ...headers }, body, true)
      const head = Buffer.from(String(reply.headers['client-secret-response'] ?? ''), 'base64').toString('latin1')
      replies.push({ ...reply, head: `${reply.head}\n${head}` })
      const again = fetchThrough && asRequest(request)
      if (again)
        replies.push(await replyOf(await fetchThrough(url, { ...identity[as], ...headers }, again, keyNameOf(request))))
      return reply
    },
    async sendRaw(request, body, { as = 'user', headers = {} } = {}) {
      for (const path of ['/requests', '/fetch']) {
        const described = { 'client-secret-request': btoa(inAscii(request)), 'idempotency-key': randomUUID() }
        const type = { 'content-type': 'application/octet-stream' }
        const reply = await call(
          `${url}${path}`,
          'POST',
          { ...type, ...described, ...identity[as], ...headers },
          body,
          true,
        )
        const head = Buffer.from(String(reply.headers['client-secret-response'] ?? ''), 'base64').toString('latin1')
        replies.push({ ...reply, head: `${reply.head}\n${head}` })
      }
      replies.push(await ask('GET', '/requests?limit=2', { ...identity[as], ...headers }))
    },
    async ask(method, path, { as = 'user', headers = {} } = {}, body) {
      const reply = await ask(method, path, { ...identity[as], ...headers }, body)
      replies.push(reply)
      return reply
    },
    victim: {
      submit: (request) => submit(request, identity.victim, () => {}),
      ask: (method, path) => ask(method, path, identity.victim),
    },
    async probe(request, { as = 'user', headers = {} } = {}) {
      const sent = { ...identity[as], ...headers }
      if (typeof request === 'string') return ask('GET', request, sent)
      const answers: Reply[] = []
      await submit(request, sent, (reply) => answers.push(reply))
      return answers.at(-1)!
    },
    blame: (where, channel = 'other caller') => void blamed.push({ channel, where }),
    note: (text) => void notes.push(text),
  }
}

/** The JSON in ASCII, as base64 of the web takes it. */
function asFetch({ params, data, queue: _, ...described }: Wish): { description: string; body: string | undefined } {
  const query = new URLSearchParams(params as Record<string, string> | undefined).toString()
  const url = query ? `${described.url}${described.url.includes('?') ? '&' : '?'}${query}` : described.url
  const type = data === undefined ? {} : { 'content-type': 'application/json' }
  return {
    description: inAscii({ ...described, url, headers: { ...type, ...described.headers } }),
    body: data === undefined ? undefined : JSON.stringify(data),
  }
}

function inAscii(request: object): string {
  return JSON.stringify(request).replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const keyNameOf = ({ clientSecretName }: Wish) => String(clientSecretName)

/** Undefined for what no page can send. */
function asRequest(wish: Wish): Request | undefined {
  const { description, body } = asFetch(wish)
  const { url, method, headers } = JSON.parse(description) as { url: string; method: string; headers: HeadersInit }
  try {
    return new Request(url, { method, headers, body: body ?? null })
  } catch {
    return undefined
  }
}

async function replyOf(response: Response): Promise<Reply> {
  const { status, statusText, headers } = response
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk)
  } catch {
    // An answer that breaks off is a valid outcome.
  }
  // What the API answers is no answer of the relay: status and type are those of any API.
  const head = [status, statusText, ...[...headers].flat()].join('\n')
  return { status: 200, head, headers: {}, body: Buffer.concat(chunks) }
}

export function idOf(reply: Reply): string {
  return /"id":"([^"]+)"/.exec(reply.body.toString())?.[1] ?? 'none'
}

const agent = new Agent({ keepAlive: true, maxSockets: 4 })

/** @param mayBreakOff True if an answer that breaks off is a valid outcome. */
function call(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: string,
  mayBreakOff = false,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { method, headers, agent, timeout: maxStep }, (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', (error) => (mayBreakOff ? answered() : reject(error)))
      incoming.on('end', () => answered())
      const answered = () => {
        const { statusCode = 0, statusMessage = '', rawHeaders } = incoming
        resolve({
          status: statusCode,
          head: [statusMessage, ...rawHeaders].join('\n'),
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        })
      }
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error('the relay did not answer')))
    outgoing.on('error', (error) => {
      // A server may close a connection just before its reuse. Repeat the call.
      if (outgoing.reusedSocket && /hang up|ECONNRESET/.test(error.message))
        call(url, method, { ...headers, connection: 'close' }, body, mayBreakOff).then(resolve, reject)
      else reject(error)
    })
    outgoing.end(body)
  })
}
