import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { inputs, type Input } from '../requests/inputs.ts'
import type { Taken } from '../requests/program.ts'

/** Milliseconds that a process has for one input. */
const maxTime = 30_000

/** What an input took, or how the process that took it ended. */
export type Measured = { input: Input } & (Taken | { ended: string })

/**
 * Sends each input to a relay in a process of its own with a bounded heap, and
 * says what it took there. The API that the relay calls is in this process, so
 * that what it takes is not counted.
 *
 * @param maxHeap In MB.
 */
export async function* measureRequests(
  maxHeap: number,
  isWanted: (input: Input) => boolean = () => true,
): AsyncGenerator<Measured> {
  const api = createServer((incoming, outgoing) => {
    const asked = new URL(incoming.url ?? '', 'http://api.test').searchParams
    const bytes = Number(asked.get('bytes') ?? 0)
    incoming.resume().on('end', () => {
      if (asked.has('wait')) return
      outgoing.setHeader('content-type', 'text/plain')
      outgoing.end('x'.repeat(bytes))
    })
  }).listen(0, '127.0.0.1')
  await once(api, 'listening')
  const url = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
  try {
    for (const [index, input] of inputs(url).entries()) {
      if (isWanted(input)) yield { input, ...(await measure(url, index, maxHeap)) }
    }
  } finally {
    api.closeAllConnections()
    api.close()
  }
}

async function measure(api: string, index: number, maxHeap: number): Promise<Taken | { ended: string }> {
  const child = fork(fileURLToPath(new URL('../requests/program.ts', import.meta.url)), [api, String(index)], {
    execArgv: [`--max-old-space-size=${maxHeap}`],
    // The last words of a process without memory are long.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    timeout: maxTime,
    killSignal: 'SIGKILL',
  })
  const ended = once(child, 'exit').then(([code, signal]) => ({ ended: String(signal ?? code) }))
  const said = once(child, 'message').then(([taken]) => taken as Taken)
  const result = await Promise.race([said, ended])
  await ended
  return result
}
