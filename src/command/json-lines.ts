import type { Logger } from '../relay/common/logger.ts'

/** Writes a line of JSON for each entry, as pino does, so that what reads pino's logs reads these. */
export function jsonLines(write: (line: string) => void): Logger {
  const at = (level: number) => (details: object, message: string) =>
    write(JSON.stringify({ level, time: Date.now(), ...details, msg: message }, errorsToo))
  return { info: at(30), warn: at(40), error: at(50) }
}

/** An error has no fields that JSON would show. */
function errorsToo(_name: string, value: unknown): unknown {
  return value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value
}
