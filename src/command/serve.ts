import type { Server, ServerResponse } from 'node:http'
import { isIPv6, type AddressInfo } from 'node:net'
import { createKeptRelay } from '../relay/keep-relay.ts'
import type { RelayOptions } from '../relay/options.ts'
import { createHttpServer } from './http-server.ts'
import type { Recorder, Relay } from './recorder.ts'

export interface ServeOptions {
  /** 0 chooses a free port. */
  port: number
  host: string
}

export interface ServedRelay {
  /** The address on which it listens. */
  url: string
  /** Uses these options from now on. Rejects when they are invalid; the relay then rejects all calls. */
  take(options: Promise<RelayOptions>): Promise<void>
  /** Asks the sources of the secrets. */
  refreshSecrets(): Promise<void>
  /** Stops listening, waits for running requests, and closes the relay. */
  close(): Promise<void>
}

/** How long the last answers may take to reach their callers, in milliseconds. */
const lastWords = 500

/**
 * Runs a relay as a separate server.
 *
 * @param record Records its answers.
 */
export async function serve(
  options: RelayOptions,
  { port, host }: ServeOptions,
  record?: (relay: Relay) => Recorder,
): Promise<ServedRelay> {
  const relay = createKeptRelay()
  const recorder = record?.(relay.fetch)
  const hosts = namesOf(host)
  const server = createHttpServer(recorder?.fetch ?? relay.fetch)
  const closeConnections = closingConnections(server)
  // Listen before opening the database: a second relay, started by mistake, must not touch the first one's data.
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(
              `Another program uses port ${port} of ${host}. Choose a port with --port; 0 selects a free one.`,
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
    refreshSecrets: relay.refreshSecrets,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      closeConnections()
      // Answers open calls, including held polls, and waits for running requests.
      await relay.close()
      await recorder?.settled()
      server.closeIdleConnections()
      // Browsers keep idle connections open. The last answers are on their way by now.
      setTimeout(() => server.closeAllConnections(), lastWords).unref()
      await closed
    },
  }
}

/** Returns a function that says in the answers from now on that their connections close: a proxy sends nothing more on them. */
function closingConnections(server: Server): () => void {
  const open = new Set<ServerResponse>()
  server.prependListener('request', (_request, response: ServerResponse) => {
    open.add(response)
    response.once('close', () => open.delete(response))
    if (!server.listening) response.setHeader('connection', 'close')
  })
  return () => {
    for (const response of open) if (!response.headersSent) response.setHeader('connection', 'close')
  }
}

/** The host names of a server that only this machine can reach. Undefined, for any name, if others can reach it. */
function namesOf(host: string): string[] | undefined {
  const isOfThisMachine = host === 'localhost' || host === '::1' || /^127\./.test(host)
  return isOfThisMachine ? ['localhost', '127.0.0.1', '[::1]', ...(isIPv6(host) ? [] : [host])] : undefined
}
