/** The calls that are being answered. */
export interface CallsInFlight {
  /** Counts a call until it has ended. */
  during<T>(call: Promise<T>): Promise<T>
  /** Resolves when none is left. */
  ended(): Promise<void>
}

export function createCallsInFlight(): CallsInFlight {
  const inFlight = new Set<Promise<unknown>>()
  return {
    async during<T>(call: Promise<T>): Promise<T> {
      inFlight.add(call)
      try {
        return await call
      } finally {
        inFlight.delete(call)
      }
    },
    async ended(): Promise<void> {
      // What was let in before the end may begin after it.
      while (inFlight.size > 0) await Promise.allSettled([...inFlight])
    },
  }
}
