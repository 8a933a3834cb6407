import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Cuttable {
  /** The address of a database, by way of this. */
  through(address: string): string
  /** Breaks all connections; new ones are refused. */
  refuse(): Promise<void>
  /** Nothing arrives any more, and nobody is told: as when a cable is pulled. */
  swallow(): void
  /** Lets new connections through; those that were swallowed are gone. */
  mend(): Promise<void>
  close(): Promise<void>
}

/** A connection to a database that can be cut. */
export async function cuttable(port: number): Promise<Cuttable> {
  const sockets = new Set<Socket>()
  let swallows = false
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => {
        if (!swallows) to.write(chunk)
      })
      // A cable that is pulled does not tell either that the other side is gone.
      from.on('end', () => {
        if (!swallows) to.end()
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        if (!swallows) to.destroy()
      })
    }
  })
  const listen = (at: number) => new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
  await listen(0)
  const own = (server.address() as AddressInfo).port
  const breakAll = () => sockets.forEach((socket) => socket.resetAndDestroy())
  const refuse = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    breakAll()
    await closed
  }

  return {
    through(address) {
      const url = new URL(address)
      url.port = String(own)
      return url.href
    },
    refuse,
    swallow() {
      swallows = true
    },
    async mend() {
      if (swallows) {
        swallows = false
        breakAll()
      }
      if (!server.listening) await listen(own)
    },
    async close() {
      if (server.listening) await refuse()
    },
  }
}
