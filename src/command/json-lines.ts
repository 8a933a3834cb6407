import type { Logger } from '../relay/common/logger.ts'

/** Writes one JSON line per entry in pino's format, so that tools for pino's logs can read them. */
export function jsonLines(write: (line: string) => void): Logger {
  const at = (level: number) => (details: object, message: string) =>
    write(JSON.stringify({ level, time: Date.now(), ...details, msg: message }, errorsToo))
  return { info: at(30), warn: at(40), error: at(50) }
}

/** Errors have no enumerable fields, so JSON would leave them out. */
function errorsToo(_name: string, value: unknown): unknown {
  return value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value
}
