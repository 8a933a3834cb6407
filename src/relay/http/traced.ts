import type { Context, MiddlewareHandler } from 'hono'
import { isClientSecretError } from '../../protocol/errors.ts'
import { traceText } from '../common/trace-context.ts'
import type { Tracing } from '../common/tracing.ts'

const name = 'trace'

/** Follows the calls of a route in the traces of their callers. */
export function traced(tracing: Promise<Tracing>, route: string): MiddlewareHandler {
  return async (context, next) => {
    const { headers, method } = context.req.raw
    const span = (await tracing).serve({ headers, method, route })
    context.set(name, span.trace && traceText(span.trace))
    await span.during(next)
    const { error } = context
    span.end(context.res.status, error && (isClientSecretError(error) ? error.code : 'INTERNAL'))
  }
}

/** The place of this call in its caller's trace. */
export function traceIn(context: Context): string | null {
  return (context.get(name) as string | null | undefined) ?? null
}
