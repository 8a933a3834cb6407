import { useMemo, useState } from 'react'
import type { Cache, ScopedMutator } from 'swr'
import { useOwnSWR } from './own-swr.ts'
import { storeSettings } from './swr-settings.ts'

/** A value in SWR's cache, which any number of components show. */
export interface Stored<Value> {
  key: string
  initial: Value
  read: () => Value
  write: (value: Value) => void
  /** A component shows it from now on, until the returned function is called. */
  attach: () => () => void
}

export function createStored<Value>(cache: Cache, mutate: ScopedMutator, key: string, initial: Value): Stored<Value> {
  /** The value while nobody shows it: what nobody shows must not stay in the host's cache. */
  let kept = initial
  let attached = 0
  const inCache = () => cache.get(key)?.data as Value | undefined

  function write(value: Value): void {
    if (attached > 0) void mutate(key, value, { revalidate: false })
    else kept = value
  }

  return {
    key,
    initial,
    write,
    read: () => (attached > 0 ? (inCache() ?? initial) : kept),
    attach() {
      attached += 1
      if (attached === 1 && kept !== initial) write(kept)
      return () => {
        attached -= 1
        if (attached > 0) return
        kept = inCache() ?? initial
        cache.delete(key)
      }
    },
  }
}

/**
 * Shows a stored value: as an object whose fields note that they were read, so
 * that the component renders only when one of those differs.
 */
export function useStored<Value extends object>(stored: Stored<Value>): Value {
  const [fieldsRead] = useState(() => new Set<PropertyKey>())
  const isSame = (before: Value, after: Value) =>
    [...fieldsRead].every((field) => Object.is(Reflect.get(before, field), Reflect.get(after, field)))
  const { data } = useOwnSWR<Value, never>(stored.key, null, {
    ...storeSettings,
    compare: (before, after) => isSame(before ?? stored.initial, after ?? stored.initial),
  })
  const value = data ?? stored.initial
  // A new object for a new value, so that a memoised child that gets it renders.
  return useMemo(() => tracked(value, stored, fieldsRead), [value, stored, fieldsRead])
}

/** The value's fields, unread, and what can be done beside them. */
export function withActions<Value extends object, Actions extends object>(
  value: Value,
  actions: Actions,
): Value & Actions {
  return Object.defineProperties({ ...actions }, Object.getOwnPropertyDescriptors(value)) as Value & Actions
}

/** The value, whose fields note that they were read, and are always those of now. */
function tracked<Value extends object>(value: Value, stored: Stored<Value>, fieldsRead: Set<PropertyKey>): Value {
  const getters = Object.keys(value).map((field) => [
    field,
    {
      enumerable: true,
      get: () => {
        fieldsRead.add(field)
        return Reflect.get(stored.read(), field) as unknown
      },
    },
  ])
  return Object.defineProperties({}, Object.fromEntries(getters) as PropertyDescriptorMap) as Value
}
