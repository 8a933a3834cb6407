import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LLMock } from '@copilotkit/aimock'

/** One call that reached the gate. It says whether the key was right, and never what it was. */
export interface GateCall {
  method: string
  path: string
  /** The Authorization header was exactly `Bearer <the real key>`. */
  hadKey: boolean
  body: string
  startedAt: number
  endedAt: number
  /** Who asked went away before it was answered. */
  isBrokenOff: boolean
}

export interface OpenAi {
  /** Base url, such as http://127.0.0.1:40123. */
  url: string
  /** What reached the gate, in order of arrival. */
  calls: GateCall[]
  /** aimock itself, with its journal. */
  mock: LLMock
  close(): Promise<void>
}

export interface OpenAiOptions {
  /** The key that the gate demands. */
  secret: string
  /** Milliseconds that an answer takes; by default none. */
  delay?: number | ((body: string) => number) | undefined
  /** Makes the answers of aimock known. */
  fixtures?: ((mock: LLMock) => void) | undefined
}

/**
 * An OpenAI-compatible API on a free port of this machine: aimock, behind a gate
 * that does what aimock leaves out. The gate demands the right bearer, and takes
 * its time, so that polling is seen.
 */
export async function startOpenAi({ secret, delay = 0, fixtures }: OpenAiOptions): Promise<OpenAi> {
  const mock = new LLMock({ port: 0 })
  fixtures?.(mock)
  await mock.start()
  const calls: GateCall[] = []

  const gate = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing)
  })

  async function answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const call: GateCall = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      hadKey: incoming.headers.authorization === `Bearer ${secret}`,
      body: body.toString(),
      startedAt: Date.now(),
      endedAt: 0,
      isBrokenOff: false,
    }
    calls.push(call)
    outgoing.once('close', () => (call.isBrokenOff = !outgoing.writableFinished))
    await new Promise((resolve) => setTimeout(resolve, typeof delay === 'function' ? delay(call.body) : delay))
    outgoing.once('finish', () => (call.endedAt = Date.now()))
    if (!call.hadKey) return refuse(outgoing)
    const onward = forward(
      `${mock.url}${incoming.url}`,
      { method: incoming.method, headers: { ...incoming.headers, host: new URL(mock.url).host } },
      (upstream) => {
        outgoing.writeHead(upstream.statusCode ?? 502, upstream.headers)
        upstream.pipe(outgoing)
        upstream.once('close', () => !upstream.complete && outgoing.destroy())
      },
    )
    onward.once('error', () => outgoing.destroy())
    onward.end(body)
  }

  const url = await listen(gate)
  return {
    url,
    calls,
    mock,
    async close() {
      await new Promise((resolve) => {
        gate.close(resolve)
        gate.closeAllConnections()
      })
      await mock.stop()
    },
  }
}

/** As OpenAI refuses a wrong key. */
function refuse(outgoing: ServerResponse): void {
  outgoing.writeHead(401, { 'content-type': 'application/json' })
  outgoing.end(
    JSON.stringify({
      error: {
        message: 'Incorrect API key provided.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
    }),
  )
}

/** Starts a server on a free port of this machine and gives its url. */
export async function listen(server: Server): Promise<string> {
  // A machine that stands still for Node's 5 s closes no connection just before its use.
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
