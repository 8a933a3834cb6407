import { childOf, readTrace, traceHeaders, type TraceContext } from './trace-context.ts'

/** Follows requests in the traces of their callers. */
export interface Tracing {
  /** Takes a call of a page: the place of the relay in the caller's trace. */
  serve(call: ServedCall): ServedSpan
  /** Notes that a request has waited for so many milliseconds until now. */
  waited(trace: TraceContext | null, request: TracedRequest, milliseconds: number): void
  /** Begins the call of an API. */
  call(trace: TraceContext | null, request: TracedRequest): CallSpan
}

export interface ServedCall {
  headers: Headers
  method: string
  /** The path below the mount path. */
  route: string
}

export interface ServedSpan {
  /** Null if the caller sent no trace, and no span records the call. */
  trace: TraceContext | null
  /** Runs the work on the call. */
  during<Result>(work: () => Promise<Result>): Promise<Result>
  end(status: number, code: string | undefined): void
}

/** A request, without the parts that its caller writes. */
export interface TracedRequest {
  id: string
  key: string
  method: string
  url: URL
}

export interface CallSpan {
  /** The trace headers for a call of this url; undefined if its API gets none. */
  headersFor: (url: URL) => Record<string, string> | undefined
  /** Makes the call. */
  during<Result>(work: () => Promise<Result>): Promise<Result>
  end(ended: CallEnded): void
}

export interface CallEnded {
  /** Status of the API's answer. */
  status: number | undefined
  code: string | undefined
  /** Number of calls, with redirects and retries. */
  calls: number
}

/**
 * Passes traces on, and records no spans.
 *
 * @param traceTo The origins of the APIs that get the trace headers.
 */
export function passTracesOn(traceTo: () => readonly string[]): Tracing {
  return {
    serve({ headers }) {
      const caller = readTrace(headers)
      return { trace: caller && childOf(caller), during: (work) => work(), end() {} }
    },
    waited() {},
    call: (trace) => ({ headersFor: (url) => headersFor(trace, url, traceTo()), during: (work) => work(), end() {} }),
  }
}

export function headersFor(
  trace: TraceContext | null,
  { origin }: URL,
  traceTo: readonly string[],
): Record<string, string> | undefined {
  return trace && traceTo.includes(origin) ? traceHeaders(trace) : undefined
}
