import { randomUUID } from 'node:crypto'
import { Hono, type Context } from 'hono'
import { cors } from 'hono/cors'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { fetchAnswerHeader } from '../../protocol/fetch.ts'
import type { Tracing } from '../common/tracing.ts'
import type { Metrics } from '../execution/metrics.ts'
import { unforeseen } from '../execution/run-errors.ts'
import type { Redactor } from '../keys/redaction/redactor.ts'
import { createAdmission } from './admission.ts'
import { errorAnswer, noSuchRoute } from './answers.ts'
import { consoleRoutes } from './console.ts'
import { keyRoutes } from './key-routes.ts'
import { monitoringRoutes } from './monitoring-routes.ts'
import { fetchRoute, refusedFetch } from './fetch-route.ts'
import type { RelayDeps } from './relay-parts.ts'
import { requestRoutes } from './request-routes.ts'
import type { Settings } from './settings.ts'
import { streamRoute } from './stream-route.ts'
import { traced } from './traced.ts'

/** The end of a path, after any mount path. A new route belongs here too, and into `noSuchRoute`. */
const route =
  /(\/fetch|\/requests(\/[^/]+(\/stream)?)?|\/queues\/[^/]+|\/health|\/ready|\/metrics|\/keys(\/[^/]+(\/requests)?)?|\/audit|\/console(\/app\.(js|css))?)\/?$/

/** Characters. Node allows as much for all headers, and the longest poll needs less. */
const maxCallUrlLength = 16_384

/** The relay as an HTTP app. It works at any mount path. */
export function createApp(
  settings: Settings,
  opening: Promise<RelayDeps>,
  metrics: Metrics,
  tracing: Promise<Tracing>,
  secrets: Redactor,
): Hono {
  const app = new Hono({ getPath: (request) => route.exec(new URL(request.url).pathname)?.[1] ?? '/' })

  app.use((context, next) => {
    // An answer is data for one client, and never a page. Set before the answer exists,
    // because adding a header to an answer copies it.
    context.header('x-content-type-options', 'nosniff')
    context.header('cache-control', 'no-store')
    if (context.req.url.length > maxCallUrlLength) {
      throw new ClientSecretError(
        'REQUEST_TOO_LARGE',
        `The url of the call has more than ${maxCallUrlLength} characters, the relay's limit. Ask for fewer ids at a time, or with shorter filters.`,
      )
    }
    return next()
  })
  if (settings.origins.length > 0) {
    app.use(
      cors({
        origin: [...settings.origins],
        credentials: true,
        exposeHeaders: ['retry-after', fetchAnswerHeader],
        maxAge: 600,
      }),
    )
  }

  for (const route of ['/requests', '/fetch']) app.post(route, traced(tracing, route))

  const admission = createAdmission(settings, opening)
  requestRoutes(app, settings, admission)
  fetchRoute(app, settings, admission)
  streamRoute(app, admission)
  monitoringRoutes(app, settings, admission, { metrics, secrets })
  keyRoutes(app, settings, admission.running)
  consoleRoutes(app)

  app.notFound((context) => errorAnswer(context, noSuchRoute(context), secrets))

  const answerError = (context: Context, error: ClientSecretError) =>
    isStream(context.req.path) ? refusedFetch(error, secrets) : errorAnswer(context, error, secrets)
  app.onError((thrown, context) => {
    if (isClientSecretError(thrown)) {
      metrics.refused(thrown)
      return answerError(context, thrown)
    }
    // The caller has disconnected.
    if (context.req.raw.signal.aborted) return context.body(null, 400)
    const requestId = randomUUID()
    settings.logger.error({ requestId, err: thrown }, 'a call failed for an unexpected reason')
    return answerError(context, new ClientSecretError('INTERNAL', unforeseen(requestId), { requestId }))
  })
  return app
}

/** Whether the client expects the head of an answer, also in a refusal. */
function isStream(path: string): boolean {
  return path === '/fetch' || /^\/requests\/[^/]+\/stream$/.test(path)
}
