import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { listen } from '../../stories/demo/openai.ts'

/** One call that an API of `startApi` got. */
export interface ApiCall {
  method: string
  /** Path and query as they came. */
  path: string
  headers: IncomingMessage['headers']
  body: string
  startedAt: number
  endedAt: number | undefined
}

export interface Api {
  url: string
  calls: ApiCall[]
}

export type ApiAnswer = (call: ApiCall, outgoing: ServerResponse, incoming: IncomingMessage) => void | Promise<void>

/** An API whose answers a test writes itself, for what no well-behaved one does. It is gone with the test. */
export async function startApi(answer?: ApiAnswer): Promise<Api> {
  const { close, ...api } = await openApi(answer)
  onTestFinished(close)
  return api
}

/** The same for several tests, until it is closed. */
export async function openApi(
  answer: ApiAnswer = (_call, outgoing) => void json(outgoing, { ok: true }),
): Promise<Api & { close: () => void }> {
  const calls: ApiCall[] = []
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const call: ApiCall = {
        method: incoming.method ?? '',
        path: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
        startedAt: performance.now(),
        endedAt: undefined,
      }
      calls.push(call)
      outgoing.once('finish', () => (call.endedAt = performance.now()))
      void answer(call, outgoing, incoming)
    })
  })
  const url = await listen(server)
  return {
    url,
    calls,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

export function json(
  outgoing: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers })
  outgoing.end(JSON.stringify(body))
}

/** A door that a test opens: calls wait before it until then. */
export function door() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open }
}
