import { useMemo, useState } from 'react'
import type { Cache, ScopedMutator } from 'swr'
import { useIsolatedSWR } from './isolated-swr.ts'
import { storeSettings } from './swr-settings.ts'

/** A value in SWR's cache, for any number of components. */
export interface SWRStore<Value extends object> {
  key: string
  initial: Value
  read: () => Value
  /** The cached value; `initial` for a value of another origin, as in a cache that the host persists. */
  own: (cached: Value | undefined) => Value
  write: (value: Value) => void
  /** A component shows the value, until it calls the returned function. */
  attach: () => () => void
  isShown: () => boolean
}

export function createSWRStore<Value extends object>(
  cache: Cache,
  mutate: ScopedMutator,
  key: string,
  initial: Value,
): SWRStore<Value> {
  let now = initial
  let attached = 0
  const written = new WeakSet<Value>()

  function write(value: Value): void {
    now = value
    written.add(value)
    // Without components, nothing stays in the host's cache. A host may have removed its cache: then nothing can fail.
    if (attached > 0) mutate(key, value, { revalidate: false }).catch(() => {})
  }

  return {
    key,
    initial,
    write,
    read: () => now,
    own: (cached) => (cached && written.has(cached) ? cached : initial),
    isShown: () => attached > 0,
    attach() {
      attached += 1
      if (attached === 1 && now !== initial) write(now)
      return () => {
        attached -= 1
        if (attached === 0) cache.delete(key)
      }
    },
  }
}

/** The value of a store. The component renders only when a field that it reads changes. */
export function useSWRStore<Value extends object>(store: SWRStore<Value>): Value {
  const [fieldsRead] = useState(() => new Set<PropertyKey>())
  const { data } = useIsolatedSWR<Value, never>(store.key, null, {
    ...storeSettings,
    compare: (before, after) => sameFields(store.own(before), store.own(after), fieldsRead),
  })
  const value = store.own(data)
  // A new object for a new value renders memoised children.
  return useMemo(() => tracked(value, store, fieldsRead), [value, store, fieldsRead])
}

/** Merges the fields of both, and keeps getters: a component renders only for fields that it reads. */
export function mergeGetters<One extends object, Other extends object>(one: One, other: Other): One & Other {
  const fields = { ...Object.getOwnPropertyDescriptors(one), ...Object.getOwnPropertyDescriptors(other) }
  return Object.defineProperties({}, fields) as One & Other
}

/**
 * The value, with getters that record each read. A first read gives the current
 * field. After a change of a field that was read, all fields stay as they were:
 * what one field says holds for the others.
 */
function tracked<Value extends object>(value: Value, store: SWRStore<Value>, fieldsRead: Set<PropertyKey>): Value {
  let shown = value
  const getters = Object.keys(value).map((field) => [
    field,
    {
      enumerable: true,
      get: () => {
        const now = store.read()
        if (sameFields(shown, now, fieldsRead)) shown = now
        fieldsRead.add(field)
        return Reflect.get(shown, field)
      },
    },
  ])
  return Object.defineProperties({}, Object.fromEntries(getters) as PropertyDescriptorMap) as Value
}

function sameFields(before: object, after: object, fields: Set<PropertyKey>): boolean {
  return [...fields].every((field) => Object.is(Reflect.get(before, field), Reflect.get(after, field)))
}
