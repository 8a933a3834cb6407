/** How many things may go on at once. */
export interface Places {
  free(): number
  /** Takes a free place. */
  take(): void
  /** Takes a place as soon as one is free. */
  wait(): Promise<void>
  leave(): void
}

export function createPlaces(most: number): Places {
  let taken = 0
  const waiting: (() => void)[] = []
  return {
    free: () => most - taken - waiting.length,
    take: () => void taken++,
    async wait() {
      if (taken >= most) return new Promise((resolve) => waiting.push(resolve))
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
