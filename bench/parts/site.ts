import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { launchChromium } from '../../test/helpers/demo.ts'
import type { JobRequest } from '../page/side.ts'
import { openBenchPage } from './browser.ts'
import { keyFor, noLimits, startRelayProcess } from './relay.ts'
import type { startUpstream } from './upstream.ts'

/** The page of the benches with a relay beside it, before this upstream, and a Chromium to visit it. */
export async function startSite(upstream: Awaited<ReturnType<typeof startUpstream>>) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-site-'))
  const relay = await startRelayProcess(
    { keys: { api: keyFor(upstream.url) }, database: join(folder, 'relay.db'), limits: noLimits },
    { program: 'site' },
  )
  const browser = await launchChromium()
  return {
    relay,
    visit: () => openBenchPage(browser, relay.url),
    jobFor: (name: string, takes: number | null): JobRequest => ({
      clientSecretName: 'api',
      url: `${upstream.url}/jobs`,
      method: 'POST',
      headers: { Authorization: 'Bearer $CLIENT_SECRET' },
      data: { name, takes },
    }),
    async close() {
      await browser.close()
      await relay.kill()
      rmSync(folder, { recursive: true })
    },
  }
}
