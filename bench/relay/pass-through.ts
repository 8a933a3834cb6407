// The least that a relay written by hand can do: it puts the key into the header, and streams through what comes.
import { createServer } from 'node:http'
import { pipeline } from 'node:stream'
import { Agent, request } from 'undici'
import { listen } from '../../stories/demo/openai.ts'

const { API: api, SECRET: secret } = process.env as Record<string, string>
const dispatcher = new Agent()

const server = createServer((incoming, outgoing) => {
  const { host, connection, 'transfer-encoding': encoding, ...headers } = incoming.headers
  request(`${api}${incoming.url}`, {
    method: incoming.method as 'POST',
    headers: { ...headers, authorization: headers.authorization?.replace('$CLIENT_SECRET', secret!) },
    body: incoming,
    dispatcher,
  }).then(
    (answer) => {
      const { connection, 'keep-alive': keepAlive, 'transfer-encoding': encoding, ...headers } = answer.headers
      outgoing.writeHead(answer.statusCode, headers)
      pipeline(answer.body, outgoing, () => {})
    },
    () => outgoing.writeHead(502).end(),
  )
})
server.keepAliveTimeout = 0
process.send!(await listen(server))
