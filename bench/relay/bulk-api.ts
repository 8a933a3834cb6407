// An API for large bodies: it counts the bytes of an upload, and sends as many as the path of a download says.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { listen } from '../../stories/demo/openai.ts'

const piece = randomBytes(65_536)

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left)
}

const server = createServer((incoming, outgoing) => {
  if (incoming.method === 'GET') {
    const bytes = Number(incoming.url!.slice(1))
    outgoing.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
    void pipeline(Readable.from(pieces(bytes)), outgoing).catch(() => {})
    return
  }
  let bytes = 0
  incoming.on('data', (chunk: Buffer) => (bytes += chunk.length))
  incoming.on('end', () => outgoing.end(String(bytes)))
})
server.keepAliveTimeout = 0
process.send!(await listen(server))
