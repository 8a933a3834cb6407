import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { door } from './api.ts'

export interface LosingProxy {
  /** The address of the database, through the proxy. */
  database: string
  /** Takes the next bytes for which this is true to Postgres, and does not bring the answer back. */
  loseAnswerTo(isIt: (bytes: Buffer, connection: Socket) => boolean): void
  /** Calls back when the next bytes for which this is true were answered, just before the answer is brought. */
  atAnswerTo(isIt: (bytes: Buffer) => boolean, happen: () => void): void
  /** From now on, Postgres ends each connection in the very packet that answers a statement on it, as at a failover. */
  endWithAnswers(): void
  /** Whether that answer was lost. */
  hasLost(): boolean
  /** Keeps all bytes for which this is true on the way, until the function it gives is called. */
  holdUp(isIt: (bytes: Buffer) => boolean): () => void
  /** Ends all connections, and every new one at once. */
  cut(): void
  /** Does so as soon as somebody sends bytes for which this is true. */
  cutAt(isIt: (bytes: Buffer) => boolean): void
  /** Nothing arrives any more, and nobody is told: as when a cable is pulled. */
  swallow(): void
  mend(): void
  /** Connections that were tried. */
  tries(): number
}

/** A way to Postgres on which an answer can be lost: what was asked is done, and whoever asked finds the connection broken. */
export async function losingProxy(database: string): Promise<LosingProxy> {
  const address = new URL(database)
  const port = Number(address.port)
  let isToBeLost: ((bytes: Buffer, connection: Socket) => boolean) | undefined
  let awaited: { isIt: (bytes: Buffer) => boolean; happen: () => void } | undefined
  let isHeldUp = (_bytes: Buffer) => false
  let { opened, open } = door()
  let isCut = false
  let isCutAt = (_bytes: Buffer) => false
  let isEnding = false
  let swallows = false
  let tries = 0
  const connections = new Set<Socket>()
  const cut = () => {
    isCut = true
    for (const connection of connections) connection.destroy()
  }
  const proxy = createServer({ allowHalfOpen: true }, (near) => {
    tries += 1
    if (isCut) return void near.destroy()
    connections.add(near.once('close', () => connections.delete(near)))
    const far = connect(port, address.hostname)
    let isLost = false
    let happen = () => {}
    near.on('error', () => {}).on('close', () => far.destroy())
    far.on('error', () => {}).on('close', () => near.destroy())
    near.on('end', () => void (swallows || near.end()))
    near.on('data', (bytes) => {
      if (swallows) return
      if (isCutAt(bytes)) return cut()
      if (awaited?.isIt(bytes)) {
        happen = awaited.happen
        awaited = undefined
      }
      if (isToBeLost?.(bytes, near)) {
        isToBeLost = undefined
        isLost = true
      }
      if (!isHeldUp(bytes)) return void far.write(bytes)
      near.pause()
      void opened.then(() => {
        far.write(bytes)
        near.resume()
      })
    })
    far.on('data', (bytes) => {
      if (swallows) return
      if (isLost) return void far.destroy()
      happen()
      happen = () => {}
      if (!isEnding || !bytes.subarray(-6).equals(readyForQuery)) return void near.write(bytes)
      near.end(Buffer.concat([bytes, ended]))
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    proxy.close()
    for (const connection of connections) connection.destroy()
  })
  address.port = String((proxy.address() as AddressInfo).port)
  return {
    database: address.href,
    loseAnswerTo: (isIt) => void (isToBeLost = isIt),
    cut,
    cutAt: (isIt) => void (isCutAt = isIt),
    swallow: () => void (swallows = true),
    mend() {
      swallows = false
      isCut = false
      isCutAt = () => false
    },
    atAnswerTo: (isIt, happen) => void (awaited = { isIt, happen }),
    endWithAnswers: () => void (isEnding = true),
    tries: () => tries,
    hasLost: () => isToBeLost === undefined,
    holdUp(isIt) {
      isHeldUp = isIt
      ;({ opened, open } = door())
      return () => {
        isHeldUp = () => false
        open()
      }
    },
  }
}

/** How an answer of Postgres ends outside of a transaction. */
const readyForQuery = Buffer.from('Z\0\0\0\x05I')

/** What Postgres says as it ends a connection. */
const ended = errorMessage('57P01', 'terminating connection due to administrator command')

function errorMessage(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`)
  const head = Buffer.alloc(5, 'E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}
