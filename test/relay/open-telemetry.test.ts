import { context as contexts, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../src/client/create-client.ts'
import { json, startApi } from '../helpers/api.ts'
import { eventually } from '../helpers/eventually.ts'
import { canary, keyFor, startRelay, tellingRequest } from '../helpers/relay.ts'

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })

beforeAll(() => {
  provider.register()
  return () => provider.shutdown()
})
afterEach(() => exporter.reset())

const pages = trace.getTracer('page')

/** A page that sends the trace of its span, a relay, and an API that begins a span in the trace that it gets. */
async function setUp(options: Partial<Parameters<typeof startRelay>[0]> = {}) {
  const apis = trace.getTracer('api')
  const api = await startApi(({ headers, path }, outgoing) => {
    const [, traceId = '', spanId = ''] = String(headers['traceparent']).split('-')
    const parent = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: 1 })
    apis.startSpan('API', {}, parent).end()
    json(outgoing, {}, path.startsWith('/fail') ? 402 : 200)
  })
  const started = await startRelay({ keys: { api: keyFor(api.url) }, traceTo: [api.url], ...options })
  const page = pages.startSpan('page: click', { root: true })
  const { traceId, spanId } = page.spanContext()
  const client = createClient({ relay: started.url, headers: { traceparent: `00-${traceId}-${spanId}-01` } })
  const request = tellingRequest(api)
  const spans = () => exporter.getFinishedSpans()
  return { ...started, api, client, request, page, spans }
}

/** The spans as a tree, each with its kind, its attributes and its error. */
function tree(spans: readonly ReadableSpan[], parent?: string, depth = 0): string {
  return spans
    .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent)
    .toSorted((one, other) => one.startTime[0] - other.startTime[0] || one.startTime[1] - other.startTime[1])
    .map((span) => {
      const { name, kind, attributes, status } = span
      const details = Object.entries(attributes).map(([attribute, value]) => ` ${attribute}=${String(value)}`)
      const error = status.code === SpanStatusCode.ERROR ? ' ERROR' : ''
      const line = `${'  '.repeat(depth)}${name} [${SpanKind[kind]}]${details.join('')}${error}\n`
      return line + tree(spans, span.spanContext().spanId, depth + 1)
    })
    .join('')
}

test('a trace from the page to the API: the call of the page, the wait in the queue, the call of the API', async () => {
  const { client, api, request, page, spans } = await setUp()
  const { record } = (await client.send({ ...request, queue: 'q', poll: 20 })) as { record: { id: string } }
  page.end()
  await eventually(() => expect(spans()).toHaveLength(5))
  const own = `client_secret.request_id=${record.id} client_secret.key=api`
  const printed = tree(spans())
  console.log(printed)
  expect(printed).toBe(
    [
      'page: click [INTERNAL]',
      '  POST /requests [SERVER] http.request.method=POST http.route=/requests http.response.status_code=202',
      `    wait [INTERNAL] ${own}`,
      `    POST [CLIENT] http.request.method=POST url.scheme=http server.address=127.0.0.1 server.port=${new URL(api.url).port} ${own} http.response.status_code=200`,
      '      API [INTERNAL]',
      '',
    ].join('\n'),
  )
  expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1)
})

test('a direct request and a fetch have a span each; a failure and a refusal have their codes', async () => {
  const { client, api, request, page, spans, url } = await setUp()
  await client.send({ ...request, url: `${api.url}/fail` }).catch(() => {})
  await client.fetchWith('api')(request.url, { headers: request.headers })
  await client.send({ ...request, clientSecretName: 'other' }).catch(() => {})
  await fetch(`${url}/requests`, { method: 'POST', headers: { origin: 'https://evil.test' } })
  // Polls and the monitoring have none.
  await client.history()
  await fetch(`${url}/health`)
  page.end()
  await eventually(() => expect(spans()).toHaveLength(9))
  const lines = tree(spans())
    .replace(/(http.request.method|url.scheme|server.\w+|client_secret.\w+)=\S+ ?/g, '')
    .split('\n')
  expect(lines).toEqual([
    'page: click [INTERNAL]',
    '  POST /requests [SERVER] http.route=/requests http.response.status_code=200',
    '    POST [CLIENT] http.response.status_code=402 error.type=402 ERROR',
    '      API [INTERNAL]',
    '  POST /fetch [SERVER] http.route=/fetch http.response.status_code=200',
    '    GET [CLIENT] http.response.status_code=200',
    '      API [INTERNAL]',
    '  POST /requests [SERVER] http.route=/requests http.response.status_code=404 error.type=KEY_NOT_FOUND',
    // Without a trace, it begins one.
    'POST /requests [SERVER] http.route=/requests http.response.status_code=400 error.type=INVALID_PARAMETER',
    '',
  ])
})

test('no span holds the secret, or a part that its caller wrote', async () => {
  const { client, request, spans } = await setUp()
  await client.send(request)
  await client.send({ ...request, queue: 'queue-of-the-caller', poll: 20 })
  await client.send({ ...request, url: 'https://elsewhere.test/path' }).catch(() => {})
  await eventually(() => expect(spans().length).toBeGreaterThanOrEqual(8))
  const all = JSON.stringify(spans().map(({ name, attributes, events, status }) => [name, attributes, events, status]))
  for (const text of [canary, 'of-the-caller', 'things', 'elsewhere', '$CLIENT_SECRET']) expect(all).not.toContain(text)
})

test('within the span of a server, the relay adds one below it', async () => {
  const { relay, request, spans } = await setUp()
  const server = pages.startSpan('GET /app', { root: true, kind: SpanKind.SERVER })
  const inside = createClient({
    relay: 'http://relay.test',
    headers: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
    fetch: (url, init) =>
      contexts.with(trace.setSpan(ROOT_CONTEXT, server), () => relay.fetch(new Request(url as string, init))),
  })
  await inside.send(request)
  server.end()
  await eventually(() => expect(spans()).toHaveLength(4))
  expect(tree(spans())).toMatch(/^GET \/app \[SERVER\]\n {2}POST \/requests \[INTERNAL\].+\n {4}POST \[CLIENT\]/)
})

test('the state of the trace passes through the spans', async () => {
  const { url, api, request } = await setUp()
  const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'vendor=one' }
  await createClient({ relay: url, headers }).send(request)
  expect(api.calls[0]!.headers).toMatchObject({
    traceparent: expect.stringMatching(/^00-a{32}-[0-9a-f]{16}-01$/) as string,
    tracestate: 'vendor=one',
  })
})

test('the log line names the trace that a span began', async () => {
  const { url, log, request, spans } = await setUp()
  await createClient({ relay: url }).send(request)
  const ran = () => log.find(({ message }) => message === 'a request was run')
  await eventually(() => expect(ran()).toBeDefined())
  await eventually(() => expect(spans().length).toBeGreaterThanOrEqual(2))
  const served = spans().find(({ name }) => name === 'POST /requests')!
  expect(ran()!.details).toMatchObject({ traceId: served.spanContext().traceId })
})
