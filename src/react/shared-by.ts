import type { Cache } from 'swr'
import type { ClientCore } from '../client/create-core.ts'

/** What components of one SWR cache and one client share by a name; gone with the client, as when the user changes. */
export interface SharedBy<Value> {
  get(cache: Cache, client: ClientCore, name: string, make: () => Value): Value
  drop(cache: Cache, client: ClientCore, name: string): void
}

export function sharedBy<Value>(): SharedBy<Value> {
  const byCache = new WeakMap<Cache, WeakMap<ClientCore, Map<string, Value>>>()
  return {
    get(cache, client, name, make) {
      const byClient = obtained(byCache, cache, () => new WeakMap<ClientCore, Map<string, Value>>())
      return obtained(
        obtained(byClient, client, () => new Map<string, Value>()),
        name,
        make,
      )
    },
    drop: (cache, client, name) => void byCache.get(cache)?.get(client)?.delete(name),
  }
}

/** What a map holds for a key; made where there is nothing yet. */
function obtained<Key, Value>(
  map: { get: (key: Key) => Value | undefined; set: (key: Key, value: Value) => unknown },
  key: Key,
  make: () => Value,
): Value {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
