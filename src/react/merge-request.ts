import type { RequestParams } from '../client/request-params.ts'

/** An event of React's, or of the browser's. */
export type SendEvent = { readonly nativeEvent: unknown } | { readonly isTrusted: boolean }

export function isEvent(value: object | undefined): value is SendEvent {
  return value instanceof Object && ('nativeEvent' in value || 'isTrusted' in value)
}

/** A list, a text, bytes, a file and a form have no fields to merge: they replace the value before. */
function hasNames(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Object]'
}

/** Merges headers, params and data by name, and replaces all other fields. */
export function mergeRequest<Params extends Partial<RequestParams>>(
  request: Params,
  overrides: Partial<RequestParams>,
): Params {
  const all = { ...request, ...overrides }
  for (const field of ['headers', 'params', 'data'] as const) {
    const [fields, others] = [request[field], overrides[field]]
    if (!hasNames(fields) || !hasNames(others)) continue
    const entries = Object.entries({ ...fields, ...others })
    // Header names ignore case; the later one counts.
    const byName = entries.map((entry) => [field === 'headers' ? entry[0].toLowerCase() : entry[0], entry] as const)
    Object.assign(all, { [field]: Object.fromEntries(new Map(byName).values()) })
  }
  return all
}
