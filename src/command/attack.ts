import type { AddressInfo } from 'node:net'
import { attack, type Handler, type Serve } from '../attack/attack.ts'
import { report, summarize } from '../attack/report.ts'
import type { RelayOptions } from '../relay/options.ts'
import { createHttpServer } from './http-server.ts'

/** Attacks a relay with these options, prints the report, and returns true if nothing leaked. */
export async function attackAndReport(
  options: RelayOptions,
  { asJson, isVerbose }: { asJson: boolean; isVerbose: boolean },
): Promise<boolean> {
  const started = performance.now()
  const result = await attack(options, serveOnFreePort)
  const summary = summarize(result)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(
    asJson ? JSON.stringify(summary, null, 2) : `${report(summary, isVerbose ? result : null)}\ntime: ${seconds} s`,
  )
  return summary.total.leaked === 0
}

/** Serves as `serve` does, so that the attack meets the real server. */
export const serveOnFreePort: Serve = async (fetch: Handler) => {
  const server = createHttpServer(fetch)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
