import { setTimeout as sleep } from 'node:timers/promises'
import type { Hono } from 'hono'
import type { Metrics } from '../execution/metrics.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import type { Admission } from './admission.ts'
import { admitAdministrator } from './administrator.ts'
import { errorAnswer, noSuchRoute } from './answers.ts'
import { checkHost, checkOrigin } from './origin.ts'
import type { Settings } from './settings.ts'

/** Milliseconds for the reading of the queues. Prometheus waits for 10 seconds. */
const longestRead = 3_000

interface Monitored {
  metrics: Metrics
  secrets: Redactor
}

/** Whether the relay lives, whether it can serve, and its metrics for an administrator. */
export function monitoringRoutes(
  app: Hono,
  settings: Settings,
  { running }: Admission,
  { metrics, secrets }: Monitored,
): void {
  app.get('/health', async (context) => {
    await running()
    return context.json({ status: 'ok' })
  })

  app.get('/ready', async (context) => {
    const { records } = await running()
    await records.ping()
    return context.json({ status: 'ok' })
  })

  app.get('/metrics', async (context) => {
    const { raw } = context.req
    if (!settings.administrator) return errorAnswer(context, noSuchRoute(context), secrets)
    checkHost(raw, settings.hosts)
    // As for the keys: a page of another site must not act for an administrator.
    checkOrigin(raw, [])
    await admitAdministrator(settings.administrator, raw)
    const { limits, inFlight, records } = await running()
    // A relay without its database has metrics all the more, before the scraper gives up.
    const depths = await Promise.race([records.depths(), sleep(longestRead, null, { ref: false })]).catch(() => null)
    const now = { heldPolls: limits.heldPolls(), bytesInFlight: inFlight.bytes(), depths }
    const { text, contentType } = await metrics.exposition(now)
    return context.text(text, 200, { 'content-type': contentType })
  })
}
