/** Slots of the background calls of one relay. Callers share them fairly. */
export interface CallSlots {
  /** Free slots; below zero when others wait. */
  available(): number
  /** Takes a slot without a wait. */
  take(caller: string): void
  /** Resolves when the caller has a slot. The waiting caller with the fewest slots is first. */
  acquire(caller: string): Promise<void>
  release(caller: string): void
  /** Callers that have at least so many slots. */
  callersWith(count: number): string[]
  /** Slots of each caller, if all callers that have slots had the same number. */
  fairShare(): number
}

export function createCallSlots(max: number): CallSlots {
  const taken = new Map<string, number>()
  /** The state of each caller, in the order of their last turns: the first has waited longest. */
  const waiting = new Map<string, (() => void)[]>()
  let takenByAll = 0
  let waitingOfAll = 0
  const takenBy = (caller: string) => taken.get(caller) ?? 0

  function take(caller: string): void {
    takenByAll++
    taken.set(caller, takenBy(caller) + 1)
  }

  function giveToNext(): void {
    let next: string | undefined
    for (const caller of waiting.keys()) if (next === undefined || takenBy(caller) < takenBy(next)) next = caller
    if (next === undefined) return
    const queue = waiting.get(next)!
    const go = queue.shift()!
    waiting.delete(next)
    if (queue.length > 0) waiting.set(next, queue)
    waitingOfAll--
    take(next)
    go()
  }

  return {
    available: () => max - takenByAll - waitingOfAll,
    take,
    async acquire(caller) {
      if (takenByAll < max) return take(caller)
      waitingOfAll++
      const queue = waiting.get(caller) ?? []
      waiting.set(caller, queue)
      await new Promise<void>((go) => queue.push(go))
    },
    release(caller) {
      takenByAll--
      const left = takenBy(caller) - 1
      if (left > 0) taken.set(caller, left)
      else taken.delete(caller)
      if (takenByAll < max) giveToNext()
    },
    callersWith: (count) => [...taken].filter(([, slots]) => slots >= count).map(([caller]) => caller),
    fairShare: () => Math.ceil(max / Math.max(1, taken.size)),
  }
}
