import { useInsertionEffect, useRef, type RefObject } from 'react'

/** The value of the last committed render, for callbacks that run later. */
export function useLatest<Value>(value: Value): RefObject<Value> {
  const latest = useRef(value)
  // Before all other effects, so that an effect that sends at once finds this render's values.
  useInsertionEffect(() => {
    latest.current = value
  })
  return latest
}
