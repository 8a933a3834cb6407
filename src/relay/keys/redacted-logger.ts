import { inspect } from 'node:util'
import type { Logger } from '../common/logger.ts'
import type { Redactor } from './redaction/redactor.ts'

/** Details of the relay's own log entries are not nested deeper; anything deeper becomes text. */
const maxDepth = 8

/** A logger that writes the placeholder instead of a secret: an error of a library may quote its input. */
export function redactedLogger(current: () => Logger, redactor: Redactor): Logger {
  const clean = (details: object) => redacted(details, redactor, maxDepth) as object
  return {
    info: (details, message) => current().info(clean(details), redactor.text(message)),
    warn: (details, message) => current().warn(clean(details), redactor.text(message)),
    error: (details, message) => current().error(clean(details), redactor.text(message)),
  }
}

/** The same object if it contains no secret, so that an error keeps its identity. */
function redacted(value: unknown, redactor: Redactor, depth: number): unknown {
  if (typeof value === 'string') return redactor.text(value)
  if (typeof value !== 'object' || value === null) return value
  // A connection or a buffer, which would fill the log.
  if (depth === 0 || !isTakenApart(value)) return redactor.text(inspect(value, { depth: 0 }))
  // Message and stack of an error are not enumerable.
  const before = (value instanceof Error ? Reflect.ownKeys(value) : Object.keys(value)).map(
    (name) => [name, Reflect.get(value, name)] as const,
  )
  const after = before.map(([name, one]) => [name, redacted(one, redactor, depth - 1)] as const)
  if (after.every(([, one], index) => one === before[index]![1])) return value
  const copy = Array.isArray(value) ? [] : (Object.create(Object.getPrototypeOf(value) as object) as object)
  for (const [name, one] of after)
    Object.defineProperty(copy, name, {
      value: one,
      enumerable: Object.prototype.propertyIsEnumerable.call(value, name),
    })
  return copy
}

function isTakenApart(value: object): boolean {
  return (
    value instanceof Error ||
    Array.isArray(value) ||
    [Object.prototype, null].includes(Object.getPrototypeOf(value) as null)
  )
}
