import { useMemo, useState, useSyncExternalStore } from 'react'
import { sameFields, tracked } from './tracked-fields.ts'

/** A value that any number of components show. */
export interface Store<Value extends object> {
  initial: Value
  read: () => Value
  write: (value: Value) => void
  /** A component shows the value, until it calls the returned function. */
  attach: () => () => void
  isShown: () => boolean
}

/** A store that tells its components of each write, without SWR: nothing revalidates a stream. */
export interface LocalStore<Value extends object> extends Store<Value> {
  subscribe: (onChange: () => void) => () => void
}

export function createLocalStore<Value extends object>(initial: Value): LocalStore<Value> {
  const listeners = new Set<() => void>()
  let now = initial
  let attached = 0
  return {
    initial,
    read: () => now,
    write(value) {
      now = value
      for (const listener of listeners) listener()
    },
    attach() {
      attached += 1
      return () => void (attached -= 1)
    },
    isShown: () => attached > 0,
    subscribe(onChange) {
      listeners.add(onChange)
      return () => void listeners.delete(onChange)
    },
  }
}

/** The value of a store. The component renders only when a field that it reads changes. */
export function useLocalStore<Value extends object>(store: LocalStore<Value>): Value {
  const [fieldsRead] = useState(() => new Set<PropertyKey>())
  const read = useMemo(() => readChanges(store, fieldsRead), [store, fieldsRead])
  const value = useSyncExternalStore(store.subscribe, read, () => store.initial)
  // A new object for a new value renders memoised children.
  return useMemo(() => tracked(value, store, fieldsRead), [value, store, fieldsRead])
}

/** Reads the store; gives the value before, as long as no field that was read has changed. */
function readChanges<Value extends object>(store: Store<Value>, fieldsRead: Set<PropertyKey>): () => Value {
  let last = store.read()
  return () => {
    const now = store.read()
    if (!sameFields(last, now, fieldsRead)) last = now
    return last
  }
}
