// An API that a flood of requests goes to: /at-once answers; /hold answers when /release is asked;
// /large answers with 9 MB. What it is sent is thrown away.
import { createServer, type ServerResponse } from 'node:http'
import { listen } from '../../stories/demo/openai.ts'
import { records } from '../parts/sample.ts'

const small = Buffer.from('{"ok":true}')
const large = Buffer.from(JSON.stringify(records(9_000_000)))
let held: ServerResponse[] = []

function answer(outgoing: ServerResponse, body: Buffer): void {
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  outgoing.end(body)
}

const server = createServer((incoming, outgoing) => {
  incoming.resume()
  incoming.on('end', () => {
    const path = incoming.url!.replace(/\?.*/, '')
    if (path === '/hold') held.push(outgoing)
    else answer(outgoing, path === '/large' ? large : small)
  })
})
server.keepAliveTimeout = 0
// Says how many it holds, and lets them go when it is told to.
process.on('message', ({ release }: { release: boolean }) => {
  process.send!(held.length)
  if (!release) return
  for (const outgoing of held) answer(outgoing, small)
  held = []
})
process.send!(await listen(server))
