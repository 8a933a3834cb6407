import type { Logger } from '../relay/common/logger.ts'

/** Writes one JSON line per entry in pino's format, so that tools for pino's logs can read them. */
export function jsonLines(write: (line: string) => void): Logger {
  const at = (level: number) => (details: object, message: string) =>
    write(escaped(JSON.stringify({ level, time: Date.now(), ...details, msg: message }, errorsToo)))
  return { info: at(30), warn: at(40), error: at(50) }
}

/** JSON leaves some control characters as they are, which a terminal or a reader of lines may obey. */
function escaped(text: string): string {
  return text.replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Errors have no enumerable fields, so JSON would leave them out. */
function errorsToo(_name: string, value: unknown): unknown {
  return value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value
}
