import { isVisitor } from '../common/caller.ts'

/** An amount that all callers share. Visitors together have half, so that signed-in callers always have room. */
export interface SharedBudget {
  /** Whether this caller may take so much more. */
  hasRoomFor(owner: string, amount: number): boolean
  /** Takes the amount, even without room, until the returned function is called. */
  take(owner: string, amount: number): () => void
}

export function createSharedBudget(max: number): SharedBudget {
  let taken = 0
  let ofVisitors = 0

  function change(owner: string, by: number): void {
    taken += by
    if (isVisitor(owner)) ofVisitors += by
  }

  return {
    hasRoomFor: (owner, amount) => taken + amount <= max && (!isVisitor(owner) || ofVisitors + amount <= max / 2),
    take(owner, amount) {
      change(owner, amount)
      return () => change(owner, -amount)
    },
  }
}
