// Sends requests over so many connections, on each the next one when the one before is answered.
import { randomUUID } from 'node:crypto'
import { Pool } from 'undici'

export interface Order {
  url: string
  path: string
  headers: Record<string, string>
  body: string
  connections: number
  requests: number
  /** Bytes that an answer has at least. */
  bytes: number
}

export interface Delivery {
  /** Milliseconds, of each request. */
  times: number[]
  /** Milliseconds, of all together. */
  took: number
}

async function deliver({ url, path, headers, body, connections, requests, bytes }: Order): Promise<Delivery> {
  const pool = new Pool(url, { connections, pipelining: 1, keepAliveTimeout: 60_000 })
  const times: number[] = []
  let left = requests

  /** Below fetch and request, so that what is measured is not the load. */
  const one = () =>
    new Promise<void>((resolve, reject) => {
      let status = 0
      let received = 0
      const startedAt = performance.now()
      pool.dispatch(
        { path, method: 'POST', headers: { ...headers, 'idempotency-key': randomUUID() }, body },
        {
          onRequestStart() {},
          onResponseStart: (_controller, code) => void (status = code),
          onResponseData: (_controller, chunk) => void (received += chunk.length),
          onResponseEnd() {
            times.push(performance.now() - startedAt)
            if (status === 200 && received >= bytes) resolve()
            else reject(new Error(`${url} answered ${status} with ${received} bytes`))
          },
          onResponseError: (_controller, error) => reject(error),
        },
      )
    })
  const startedAt = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) await one()
    }),
  )
  const took = performance.now() - startedAt
  await pool.close()
  return { times, took }
}

process.on('message', (order: Order) => void deliver(order).then((delivery) => process.send!(delivery)))
process.send!('ready')
