import { useMemo, useState } from 'react'
import type { Cache, ScopedMutator } from 'swr'
import { useIsolatedSWR } from './isolated-swr.ts'
import type { Store } from './store.ts'
import { storeSettings } from './swr-settings.ts'
import { sameFields, tracked } from './tracked-fields.ts'

/** A value in SWR's cache, for any number of components. */
export interface SWRStore<Value extends object> extends Store<Value> {
  key: string
  /** The cached value; `initial` for a value of another origin, as in a cache that the host persists. */
  own: (cached: Value | undefined) => Value
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
