import { randomUUID } from 'node:crypto'
import { Hono, type Context } from 'hono'
import { cors } from 'hono/cors'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import { fetchAnswerHeader } from '../../protocol/fetch.ts'
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

/** The tail of a path, wherever the relay is mounted. */
const route =
  /(\/fetch|\/requests(\/[^/]+)?|\/queues\/[^/]+|\/health|\/metrics|\/keys(\/[^/]+(\/requests)?)?|\/audit|\/console(\/app\.(js|css))?)\/?$/

/** Characters. As much as Node takes of all headers, and enough for the longest poll: ids, names of queues and cursors stand there. */
const maxUrlLength = 16_384
/** Answers what is asked of a relay, at whatever path it is mounted. */
export function createApp(settings: Settings, opening: Promise<RelayDeps>, metrics: Metrics, secrets: Redactor): Hono {
  const app = new Hono({ getPath: (request) => route.exec(new URL(request.url).pathname)?.[1] ?? '/' })

  app.use((context, next) => {
    // An answer is data for our client and nobody else, and never a page. Said before
    // there is one: a header that is added to an answer makes a copy of it.
    context.header('x-content-type-options', 'nosniff')
    context.header('cache-control', 'no-store')
    if (context.req.url.length > maxUrlLength) {
      throw new ClientSecretError(
        'REQUEST_TOO_LARGE',
        `The url of the call is longer than the relay takes: ${maxUrlLength} characters.`,
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

  const admission = createAdmission(settings, opening)
  requestRoutes(app, settings, admission)
  fetchRoute(app, settings, admission)
  monitoringRoutes(app, settings, admission, { metrics, secrets })
  keyRoutes(app, settings, admission.running)
  consoleRoutes(app)

  app.notFound((context) => errorAnswer(context, noSuchRoute(context), secrets))

  const answerError = (context: Context, error: ClientSecretError) =>
    context.req.path === '/fetch' ? refusedFetch(error, secrets) : errorAnswer(context, error, secrets)
  app.onError((thrown, context) => {
    if (isClientSecretError(thrown)) {
      metrics.refused(thrown)
      return answerError(context, thrown)
    }
    // Nobody is there any more to be told.
    if (context.req.raw.signal.aborted) return context.body(null, 400)
    const requestId = randomUUID()
    settings.logger.error({ requestId, err: thrown }, 'a call failed for an unforeseen reason')
    return answerError(context, new ClientSecretError('INTERNAL', unforeseen(requestId), { requestId }))
  })
  return app
}
