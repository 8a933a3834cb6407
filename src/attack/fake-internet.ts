import { createServer, connect, type AddressInfo, type Socket } from 'node:net'
import type { LookupAddress } from 'node:dns'
import type { Network } from '../relay/upstream/http-client.ts'
import { httpAnswer, readHttp, type HttpRequest } from './raw-http.ts'

/** The server that a relay meant to connect to. */
export interface Destination {
  scheme: string
  host: string
  port: string
  address: string
}

/** One call as it arrived, byte for byte. */
export interface Caught extends HttpRequest {
  to: Destination
  bytes: Buffer
}

/** An upstream's answer: raw bytes, written one after the other. Null closes the connection. */
export type Answer = (call: Caught) => (Buffer | null)[]

/** The behaviour of upstreams and DNS during one vector. */
export interface World {
  answer: Answer
  /** Addresses of a host, one list per lookup. The last list repeats. */
  addresses: Record<string, string[][]>
}

/** The answer of a server of tokens, whatever the world says. Null for any other call. */
export type Exchange = (call: Caught) => (Buffer | null)[] | null

export const publicAddress = '93.184.215.14'
const privateAddress = '10.20.30.40'

const calm: World = { answer: () => [httpAnswer({ body: '{"ok":true}' })], addresses: {} }

export interface FakeInternet {
  network: Network
  /** Opens a socket to one address, without the relay's checks. */
  dial(to: Destination, callback: (error: Error | null, socket: Socket | null) => void): void
  /** Clears the caught calls and lookups, and sets a new world. */
  begin(world: Partial<World>): void
  caught: Caught[]
  /** Looked-up names. A lookup reveals the name. */
  lookups: string[]
  close(): void
}

/**
 * Every host of the internet, as one loopback server. It resolves all names, and
 * identifies a connection's intended destination by its local port, so all of the
 * relay's own checks still run. `privateHosts` are the hosts of rules with
 * allowPrivateNetwork.
 */
export async function startFakeInternet(
  privateHosts: ReadonlySet<string>,
  exchange: Exchange = () => null,
): Promise<FakeInternet> {
  let world = calm
  let looked: Record<string, number> = {}
  const destinations = new Map<number, Destination>()
  const sockets = new Set<Socket>()
  const caught: Caught[] = []
  const lookups: string[] = []

  const server = createServer((socket) => {
    sockets.add(socket)
    let bytes = Buffer.alloc(0)
    let isAnswered = false
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk])
      const to = destinations.get(socket.remotePort ?? 0)
      const request = readHttp(bytes)
      if (!to || !request) return
      const call = { ...request, to, bytes }
      // Bytes after an answered call belong to it: a smuggled second request.
      if (isAnswered) return void (caught[caught.length - 1] = call)
      isAnswered = true
      caught.push(call)
      void write(socket, exchange(call) ?? world.answer(call))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const dial: FakeInternet['dial'] = (to, callback) => {
    const socket = connect(port, '127.0.0.1')
    socket.setNoDelay(true)
    socket.once('error', (error) => callback(error, null))
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      destinations.set(socket.localPort ?? 0, to)
      callback(null, socket)
    })
  }

  const resolve: Network['resolve'] = (host, _options, callback) => {
    lookups.push(host)
    const script = world.addresses[host.replace(/\.$/, '')]
    const turn = looked[host] ?? 0
    looked[host] = turn + 1
    const addresses = script?.[Math.min(turn, script.length - 1)] ?? [
      privateHosts.has(host)
        ? privateAddress
        : /^(localhost|.*\.localhost)\.?$/.test(host)
          ? '127.0.0.1'
          : publicAddress,
    ]
    queueMicrotask(() => callback(null, addresses.map(asLookedUp)))
  }

  return {
    network: {
      resolve,
      connector: (lookup) => (options, callback) => {
        const host = options.hostname.replace(/^\[|\]$/g, '')
        const port = options.port || (options.protocol === 'https:' ? '443' : '80')
        const to = (address: string) => ({ scheme: options.protocol, host: options.hostname, port, address })
        const done: Parameters<FakeInternet['dial']>[1] = (error, socket) =>
          socket ? callback(null, socket) : callback(error ?? new Error('no socket'), null)
        if (isAddress(host)) return dial(to(host), done)
        lookup(host, { all: true }, (error, addresses) => {
          if (error) return callback(error, null)
          dial(to((addresses as LookupAddress[])[0]!.address), done)
        })
      },
    },
    dial,
    begin(next) {
      caught.length = 0
      lookups.length = 0
      looked = {}
      world = { ...calm, ...next }
    },
    caught,
    lookups,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

const asLookedUp = (address: string): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })

export const isAddress = (host: string) => /^[\d.]+$/.test(host) || host.includes(':')

/** Writes each part in a separate packet, so that split content arrives split. */
async function write(socket: Socket, parts: (Buffer | null)[]): Promise<void> {
  for (const part of parts) {
    if (part === null) return void socket.destroy()
    if (socket.destroyed) return
    socket.write(part)
    if (parts.length > 1) await new Promise((resolve) => setImmediate(resolve))
  }
  socket.end()
}
