// Callers that want much at once, each request on a connection of its own. In a process
// apart, so that what the relay's other callers wait for is the relay.
import { randomUUID } from 'node:crypto'
import { Agent, request, type IncomingMessage } from 'node:http'

/** Many requests that are alike; what is not said of one is left out. */
export interface Flood {
  url: string
  method: 'GET' | 'POST'
  /** Of each of these callers `each`, and of all at most `atOnce` at the same time. */
  callers: { session: string; path: string }[]
  each: number
  atOnce: number
  body?: string
  /** The answer is left on the way: nothing of its body is read. */
  isRead: boolean
}

/** What has come of it so far. */
export interface FloodState {
  sent: number
  /** How many answers there are of each status, or of each reason why there is none. */
  answers: Record<string, number>
  bytes: number
}

const agent = new Agent({ maxSockets: Infinity })
let state: FloodState = { sent: 0, answers: {}, bytes: 0 }
let open = new Set<{ destroy(): void }>()

async function send(flood: Flood, { session, path }: Flood['callers'][number]): Promise<void> {
  const body = flood.body === undefined ? undefined : Buffer.from(flood.body)
  const mine = state
  mine.sent++
  await new Promise<void>((resolve) => {
    const count = (what: string) => {
      mine.answers[what] = (mine.answers[what] ?? 0) + 1
      resolve()
    }
    const outgoing = request(
      flood.url + path,
      {
        agent,
        method: flood.method,
        headers: {
          'client-session': session,
          ...(body && {
            'content-type': 'application/json',
            'content-length': body.length,
            'idempotency-key': randomUUID(),
          }),
        },
      },
      (incoming: IncomingMessage) => {
        if (!flood.isRead) return count(String(incoming.statusCode))
        incoming.on('data', (chunk: Buffer) => (mine.bytes += chunk.length))
        incoming.on('close', () => count(String(incoming.statusCode)))
      },
    )
    open.add(outgoing)
    outgoing.on('error', (error: NodeJS.ErrnoException) => count(error.code ?? error.message))
    outgoing.on('close', () => open.delete(outgoing))
    outgoing.end(body)
  })
}

async function start(flood: Flood): Promise<void> {
  const wanted = Array.from({ length: flood.each }, () => flood.callers).flat()
  await Promise.all(
    Array.from({ length: flood.atOnce }, async () => {
      for (let caller = wanted.pop(); caller; caller = wanted.pop()) await send(flood, caller)
    }),
  )
}

process.on('message', (message: { start?: Flood; stop?: boolean }) => {
  if (message.start) {
    state = { sent: 0, answers: {}, bytes: 0 }
    open = new Set()
    void start(message.start)
  }
  if (message.stop) for (const one of open) one.destroy()
  process.send!(state)
})
process.send!('ready')
