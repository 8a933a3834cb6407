// The least that a relay written by hand can do: it puts the key into the header, and streams through what comes.
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { pipeline } from 'node:stream'
import { Agent, request } from 'undici'
import { listen } from '../../stories/demo/openai.ts'

const { API: api, SECRET: secret } = process.env as Record<string, string>
const dispatcher = new Agent()

/** What is between two neighbours only. */
const hopByHop = new Set(['host', 'connection', 'keep-alive', 'transfer-encoding'])

const forwarded = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))

const server = createServer((incoming, outgoing) => {
  const authorization = incoming.headers.authorization?.replace('$CLIENT_SECRET', secret!)
  request(`${api}${incoming.url}`, {
    method: incoming.method as 'POST',
    headers: { ...forwarded(incoming.headers), authorization },
    body: incoming,
    dispatcher,
  }).then(
    (answer) => {
      outgoing.writeHead(answer.statusCode, forwarded(answer.headers))
      pipeline(answer.body, outgoing, () => {})
    },
    () => outgoing.writeHead(502).end(),
  )
})
server.keepAliveTimeout = 0
process.send!(await listen(server))
