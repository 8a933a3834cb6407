import type { Server } from 'node:http'
import { isIPv6, type AddressInfo } from 'node:net'
import { createKeptRelay } from '../relay/keep-relay.ts'
import { explainMissingPeer } from '../relay/common/missing-peer.ts'
import type { RelayOptions } from '../relay/options.ts'

export interface ServeOptions {
  /** 0 takes a free one. */
  port: number
  host: string
}

export interface ServedRelay {
  /** Where it listens. */
  url: string
  /** Answers with these options from now on. Rejects when they are wrong; each call is refused then. */
  take(options: Promise<RelayOptions>): Promise<void>
  /** Stops listening, lets what runs come to its end, and closes the relay. */
  close(): Promise<void>
}

/** Milliseconds for the last answers to reach their callers. */
const lastWords = 500

/** Runs a relay as a server of its own. */
export async function serve(options: RelayOptions, { port, host }: ServeOptions): Promise<ServedRelay> {
  const { createAdaptorServer } = await import('@hono/node-server').catch((error: unknown) => {
    throw explainMissingPeer(error, '@hono/node-server')
  })
  const relay = createKeptRelay()
  const hosts = namesOf(host)
  const server = createAdaptorServer({ fetch: (request) => relay.fetch(request) }) as Server
  // The port first: a second relay that is started by mistake must not touch what the first one works on.
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
  try {
    relay.take({ hosts, ...options })
    await relay.ready
  } catch (error) {
    server.close()
    setTimeout(() => server.closeAllConnections(), lastWords).unref()
    throw error
  }
  const address = server.address() as AddressInfo
  return {
    url: `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`,
    take(changed) {
      relay.take(changed.then((options) => ({ hosts, ...options })))
      return relay.ready
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      // Answers what is asked, held polls too, and waits for what runs.
      await relay.close()
      server.closeIdleConnections()
      // A browser keeps connections on which it asks nothing; the last answers are on their way by then.
      setTimeout(() => server.closeAllConnections(), lastWords).unref()
      await closed
    },
  }
}

/** The names of a server that only this machine can reach; any name for one that others can. */
function namesOf(host: string): string[] | undefined {
  const isOfThisMachine = host === 'localhost' || host === '::1' || /^127\./.test(host)
  return isOfThisMachine ? ['localhost', '127.0.0.1', '[::1]', ...(isIPv6(host) ? [] : [host])] : undefined
}
