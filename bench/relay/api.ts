// An API that does nothing but answer: /1000 with about so many bytes of JSON.
import { createServer } from 'node:http'
import { listen } from '../../stories/demo/openai.ts'
import { records } from '../parts/sample.ts'

const answers = new Map<string, Buffer>()
function answerTo(path: string): Buffer {
  const known = answers.get(path)
  if (known) return known
  const made = Buffer.from(JSON.stringify(records(Number(path.slice(1)))))
  answers.set(path, made)
  return made
}

const server = createServer((incoming, outgoing) => {
  incoming.resume()
  incoming.on('end', () => {
    const body = answerTo(incoming.url!)
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    outgoing.end(body)
  })
})
server.keepAliveTimeout = 0
process.send!(await listen(server))
