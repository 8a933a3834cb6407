import { ClientSecretError } from '../protocol/errors.ts'
import { isPlain } from '../protocol/placeholder.ts'

/** The request as JSON. Refuses values that JSON would drop or change, and names their path. */
export function toJson(request: object): string {
  const paths = new Map<unknown, string>()
  let path = ''
  try {
    return JSON.stringify(request, function (this: unknown, name, value: unknown) {
      path = [paths.get(this), name].filter(Boolean).join('.')
      paths.set(value, path)
      if (isJson(value)) return value
      throw new TypeError(`it is ${typeof value === 'number' ? value : `a ${(value as object).constructor.name}`}`)
    })
  } catch (cause) {
    const message = `${path} cannot be sent as JSON: ${(cause as Error).message}.`
    throw new ClientSecretError('INVALID_PARAMETER', message, { path, cause })
  }
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || value === null) return typeof value !== 'function'
  return Array.isArray(value) || isPlain(value)
}
