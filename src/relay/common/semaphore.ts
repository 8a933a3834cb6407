/** Running calls of one relay's queues. Each takes a connection, and connections are limited. */
const maxAtOnce = 100

/** Limits how many lines run at once. */
export interface Places {
  /** Below zero while others wait. */
  free(): number
  /** Takes a free place. */
  take(): void
  /** Takes a place as soon as one is free, in order of arrival. */
  wait(): Promise<void>
  leave(): void
}

export function createPlaces(): Places {
  let taken = 0
  const waiting: (() => void)[] = []
  return {
    free: () => maxAtOnce - taken - waiting.length,
    take: () => void taken++,
    async wait() {
      if (taken >= maxAtOnce) return new Promise((resolve) => waiting.push(resolve))
      taken++
    },
    leave() {
      const next = waiting.shift()
      // The place goes to the one that has waited longest.
      if (next) next()
      else taken--
    },
  }
}
