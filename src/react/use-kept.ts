import { useState } from 'react'

/**
 * What was made for these dependencies; made anew when one of them changes.
 *
 * It is state and no memo: React may drop a memo, and Fast Refresh does when the
 * file of the component is edited. A request under way must survive that.
 */
export function useKept<Value>(make: () => Value, dependencies: readonly unknown[]): Value {
  const [kept, keep] = useState(() => ({ dependencies, value: make() }))
  if (dependencies.every((one, index) => Object.is(one, kept.dependencies[index]))) return kept.value
  const next = { dependencies, value: make() }
  keep(next)
  return next.value
}
