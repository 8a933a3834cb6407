/** The part of a pino logger that the relay uses. */
export interface Logger {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

export const consoleLogger: Logger = {
  info() {},
  warn: (details, message) => console.warn(`client-secret-relay: ${message}`, details),
  error: (details, message) => console.error(`client-secret-relay: ${message}`, details),
}
