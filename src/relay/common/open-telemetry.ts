import type * as OpenTelemetry from '@opentelemetry/api'
import type { Attributes, Context, Span } from '@opentelemetry/api'
import { childOf, readTrace, type TraceContext } from './trace-context.ts'
import { headersFor, passTracesOn, type TracedRequest, type Tracing } from './tracing.ts'

/** Records spans if `@opentelemetry/api` is installed; passes traces on without it. Never rejects. */
export async function openTracing(traceTo: () => readonly string[]): Promise<Tracing> {
  try {
    // Bundlers must not resolve it: it is an optional peer.
    const api = await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ '@opentelemetry/api'
    )
    return recordSpans(api, traceTo)
  } catch {
    return passTracesOn(traceTo)
  }
}

/**
 * Records a span for each call of a page, and below it one for the wait in a queue and one for the call of the API. The
 * attributes follow the semantic conventions for HTTP. No span has a header, a body, a path or a query, as the log.
 * Without a registered tracer provider, this records nothing and passes traces on.
 */
function recordSpans(api: typeof OpenTelemetry, traceTo: () => readonly string[]): Tracing {
  const { context, trace: traces, ROOT_CONTEXT, SpanKind, SpanStatusCode } = api
  const tracer = traces.getTracer('react-client-secret')

  function contextOf(trace: TraceContext | null): Context {
    if (!trace) return ROOT_CONTEXT
    const { traceId, spanId, flags, state } = trace
    const traceState = state === undefined ? undefined : api.createTraceState(state)
    return traces.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: flags,
      isRemote: true,
      ...(traceState && { traceState }),
    })
  }

  /** The place of a span. Without a tracer provider, a span is the same as its parent, and the relay makes a place. */
  function placeOf(span: Span, parent: TraceContext | null): TraceContext | null {
    const { traceId, spanId, traceFlags, traceState } = span.spanContext()
    if (spanId === parent?.spanId) return childOf(parent)
    if (!api.isSpanContextValid(span.spanContext())) return parent && childOf(parent)
    return { traceId, spanId, flags: traceFlags, state: traceState?.serialize() || undefined }
  }

  function end(span: Span, attributes: Attributes, code: string | undefined, isError: boolean): void {
    span.setAttributes({ ...attributes, ...(code !== undefined && { 'error.type': code }) })
    if (isError) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end()
  }

  return {
    serve({ headers, method, route }) {
      const caller = readTrace(headers)
      const active = context.active()
      // Instrumentation of the server has a span for the call already, below the caller's.
      const isInside = traces.getSpan(active) !== undefined
      const span = tracer.startSpan(
        `${method} ${route}`,
        {
          kind: isInside ? SpanKind.INTERNAL : SpanKind.SERVER,
          attributes: { 'http.request.method': method, 'http.route': route },
        },
        isInside ? active : contextOf(caller),
      )
      return {
        trace: placeOf(span, caller),
        during: (work) => context.with(traces.setSpan(active, span), work),
        // By the conventions, a server has no error if the mistake is the caller's.
        end: (status, code) => end(span, { 'http.response.status_code': status }, code, status >= 500),
      }
    },

    waited(trace, request, milliseconds) {
      const now = Date.now()
      const options = { startTime: now - milliseconds, attributes: ownAttributesOf(request) }
      tracer.startSpan('wait', options, contextOf(trace)).end(now)
    },

    call(trace, request) {
      const { method, url } = request
      const span = tracer.startSpan(
        method,
        {
          kind: SpanKind.CLIENT,
          attributes: {
            'http.request.method': method,
            'url.scheme': url.protocol.slice(0, -1),
            'server.address': url.hostname,
            'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
            ...ownAttributesOf(request),
          },
        },
        contextOf(trace),
      )
      const place = placeOf(span, trace)
      return {
        headersFor: (to) => headersFor(place, to, traceTo()),
        // Not within the context of the request that woke the queue.
        during: (work) => context.with(traces.setSpan(ROOT_CONTEXT, span), work),
        end({ status, code, calls }) {
          const attributes = {
            ...(status !== undefined && { 'http.response.status_code': status }),
            ...(calls > 1 && { 'http.request.resend_count': calls - 1 }),
          }
          // By the conventions, the type of an answer's error is its status.
          end(span, attributes, code === 'UPSTREAM_ERROR' ? String(status) : code, code !== undefined)
        },
      }
    },
  }
}

function ownAttributesOf({ id, key }: TracedRequest): Attributes {
  return { 'client_secret.request_id': id, 'client_secret.key': key }
}
