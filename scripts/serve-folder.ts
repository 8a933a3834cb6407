import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** Serves the files of a folder on a free loopback port. */
export async function serveFolder(folder: string): Promise<{ url: string; close(): void }> {
  const server = createServer((incoming, outgoing) => {
    const { pathname } = new URL(incoming.url ?? '/', 'http://localhost')
    // A normalised absolute path cannot leave the folder.
    const file = join(folder, normalize(decodeURIComponent(pathname)).replace(/\/$/, '/index.html'))
    readFile(file).then(
      (content) => {
        outgoing.writeHead(200, { 'content-type': types[extname(file)] ?? 'application/octet-stream' })
        outgoing.end(content)
      },
      () => outgoing.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
