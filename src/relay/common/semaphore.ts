/** Calls that one relay has under way at a time for its queues; each takes a connection, and what there is of those ends. */
const mostAtOnce = 100

/** How many lines may run at once. */
export interface Places {
  /** Below zero when others wait. */
  free(): number
  /** Takes a free place. */
  take(): void
  /** Takes a place as soon as one is free; whoever waits longest gets it. */
  wait(): Promise<void>
  leave(): void
}

export function createPlaces(): Places {
  let taken = 0
  const waiting: (() => void)[] = []
  return {
    free: () => mostAtOnce - taken - waiting.length,
    take: () => void taken++,
    async wait() {
      if (taken >= mostAtOnce) return new Promise((resolve) => waiting.push(resolve))
      taken++
    },
    leave() {
      const next = waiting.shift()
      // Whoever has waited has it from here on.
      if (next) next()
      else taken--
    },
  }
}
