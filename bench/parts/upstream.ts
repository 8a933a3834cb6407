import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from '../../stories/demo/openai.ts'

export interface UpstreamCall {
  method: string
  url: URL
  headers: IncomingMessage['headers']
  body: string
  startedAt: number
  /** Milliseconds; when it was answered, also where nobody was there any more: an API goes on with a call that is broken off. */
  endedAt: number | undefined
}

/** An API on this machine, which knows every call that it got. */
export async function startUpstream(answer: (call: UpstreamCall, outgoing: ServerResponse) => void) {
  const calls: UpstreamCall[] = []
  const server = createServer((incoming, outgoing) => {
    const startedAt = performance.now()
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.on('end', () => {
      const call: UpstreamCall = {
        method: incoming.method ?? '',
        url: new URL(incoming.url ?? '', 'http://upstream'),
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
        startedAt,
        endedAt: undefined,
      }
      calls.push(call)
      outgoing.once('close', () => (call.endedAt ??= performance.now()))
      answer(call, outgoing)
    })
  })
  // Connections are kept for as long as whoever calls wants.
  server.keepAliveTimeout = 0
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

/** Answers a call with JSON, from which on it counts as ended. */
export function answerWith(
  call: UpstreamCall,
  outgoing: ServerResponse,
  body: unknown,
  status = 200,
  headers = {},
): void {
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers })
  outgoing.end(JSON.stringify(body))
  call.endedAt = performance.now()
}
