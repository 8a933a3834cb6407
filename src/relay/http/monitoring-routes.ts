import type { Hono } from 'hono'
import type { Journal } from '../execution/metrics.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import type { Admission } from './admission.ts'
import { admitAdministrator } from './administrator.ts'
import { errorAnswer, noSuchRoute } from './answers.ts'
import { checkHost, checkOrigin } from './origin.ts'
import type { Settings } from './settings.ts'

interface Monitored {
  journal: Journal
  secrets: Redactor
}

/** Whether the relay runs, and, for an administrator, what it counts. */
export function monitoringRoutes(
  app: Hono,
  settings: Settings,
  { running }: Admission,
  { journal, secrets }: Monitored,
): void {
  app.get('/health', async (context) => {
    await running()
    return context.json({ status: 'ok' })
  })

  app.get('/metrics', async (context) => {
    const { raw } = context.req
    if (!settings.administrator) return errorAnswer(context, noSuchRoute(context), secrets)
    checkHost(raw, settings.hosts)
    // As with the keys: what is asked by a page of another site is not an administrator's wish.
    checkOrigin(raw, [])
    await admitAdministrator(settings.administrator, raw)
    const { limits, inFlight } = await running()
    const now = { heldPolls: limits.heldPolls(), bytesInFlight: inFlight.bytes() }
    return context.text(journal.metrics(now), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    })
  })
}
