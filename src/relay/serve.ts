import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRelay, type Relay } from './create-relay.ts'
import { explainMissingPeer } from './missing-peer.ts'
import type { RelayOptions } from './options.ts'

export interface ServeOptions {
  /** 0 takes a free one. */
  port: number
  host: string
}

export interface ServedRelay {
  /** Where it listens. */
  url: string
  relay: Relay
  /** Stops listening, lets what runs come to its end, and closes the relay. */
  close(): Promise<void>
}

/** Runs a relay as a server of its own. */
export async function serve(options: RelayOptions, { port, host }: ServeOptions): Promise<ServedRelay> {
  const { createAdaptorServer } = await import('@hono/node-server').catch((error: unknown) => {
    throw explainMissingPeer(error, '@hono/node-server')
  })
  const relay = createRelay(options)
  await relay.ready
  const server = createAdaptorServer({ fetch: relay.fetch }) as Server
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `Port ${port} of ${host} is taken by another program. Choose one with --port; 0 takes any that is free.`,
              { cause: error },
            )
          : error,
      ),
    )
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    relay,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      // Held polls are answered by this, so that their connections end.
      await relay.close()
      server.closeIdleConnections()
      await closed
    },
  }
}
