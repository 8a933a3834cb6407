import { useMemo, useState } from 'react'
import type { Cache, ScopedMutator } from 'swr'
import { useOwnSWR } from './own-swr.ts'
import { storeSettings } from './swr-settings.ts'

/** A value in SWR's cache, which any number of components show. */
export interface Stored<Value extends object> {
  key: string
  initial: Value
  read: () => Value
  /** What of the cache is shown. In one that the host keeps over a reload, something else may stand under our key. */
  own: (cached: Value | undefined) => Value
  write: (value: Value) => void
  /** A component shows it from now on, until the returned function is called. */
  attach: () => () => void
}

export function createStored<Value extends object>(
  cache: Cache,
  mutate: ScopedMutator,
  key: string,
  initial: Value,
): Stored<Value> {
  let now = initial
  let attached = 0
  const written = new WeakSet<Value>()

  function write(value: Value): void {
    now = value
    written.add(value)
    // What nobody shows must not stay in the host's cache. Where the host has taken its cache away there is nobody left to tell.
    if (attached > 0) mutate(key, value, { revalidate: false }).catch(() => {})
  }

  return {
    key,
    initial,
    write,
    read: () => now,
    own: (cached) => (cached && written.has(cached) ? cached : initial),
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

/**
 * Shows a stored value: as an object whose fields note that they were read, so
 * that the component renders only when one of those differs.
 */
export function useStored<Value extends object>(stored: Stored<Value>): Value {
  const [fieldsRead] = useState(() => new Set<PropertyKey>())
  const { data } = useOwnSWR<Value, never>(stored.key, null, {
    ...storeSettings,
    compare: (before, after) => sameFields(stored.own(before), stored.own(after), fieldsRead),
  })
  const value = stored.own(data)
  // A new object for a new value, so that a memoised child that gets it renders.
  return useMemo(() => tracked(value, stored, fieldsRead), [value, stored, fieldsRead])
}

/** The fields of both, getters as getters, so that a component renders for what it reads only. */
export function joined<One extends object, Other extends object>(one: One, other: Other): One & Other {
  const fields = { ...Object.getOwnPropertyDescriptors(one), ...Object.getOwnPropertyDescriptors(other) }
  return Object.defineProperties({}, fields) as One & Other
}

/**
 * The value, whose fields note that they were read. A field that was not read
 * before is that of now; but once one that was read has changed, all stay as they
 * were, so that what was learned from one field holds for the others.
 */
function tracked<Value extends object>(value: Value, stored: Stored<Value>, fieldsRead: Set<PropertyKey>): Value {
  let shown = value
  const getters = Object.keys(value).map((field) => [
    field,
    {
      enumerable: true,
      get: () => {
        const now = stored.read()
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
