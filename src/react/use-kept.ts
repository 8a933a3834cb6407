import { useState } from 'react'

/**
 * Keeps a value until one of its dependencies changes.
 *
 * Uses state instead of a memo: React may drop a memo, and Fast Refresh drops it when
 * the component's file changes. A running request must survive that.
 */
export function useKept<Value>(make: () => Value, dependencies: readonly unknown[]): Value {
  const [kept, keep] = useState(() => ({ dependencies, value: make() }))
  if (dependencies.every((one, index) => Object.is(one, kept.dependencies[index]))) return kept.value
  const next = { dependencies, value: make() }
  keep(next)
  return next.value
}
