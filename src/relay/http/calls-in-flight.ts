/** The calls in progress. */
export interface CallsInFlight {
  /** Counts a call until it ends. */
  during<T>(call: Promise<T>): Promise<T>
  /** Resolves when no call is in progress. */
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
      // A call admitted before the end may begin during the wait.
      while (inFlight.size > 0) await Promise.allSettled([...inFlight])
    },
  }
}
