import type { Cache } from 'swr'
import type { ClientCore } from '../client/create-core.ts'

/** Instances that components of one SWR cache and one client share by name. They go with the client. */
export interface SharedInstances<Value> {
  get(cache: Cache, client: ClientCore, name: string, make: () => Value): Value
  drop(cache: Cache, client: ClientCore, name: string): void
}

export function sharedInstances<Value>(): SharedInstances<Value> {
  const byCache = new WeakMap<Cache, WeakMap<ClientCore, Map<string, Value>>>()
  const byClient = (cache: Cache) => getOrMake(byCache, cache, () => new WeakMap<ClientCore, Map<string, Value>>())
  const byName = (cache: Cache, client: ClientCore) =>
    getOrMake(byClient(cache), client, () => new Map<string, Value>())
  return {
    get: (cache, client, name, make) => getOrMake(byName(cache, client), name, make),
    drop: (cache, client, name) => void byName(cache, client).delete(name),
  }
}

function getOrMake<Key, Value>(
  map: { get: (key: Key) => Value | undefined; set: (key: Key, value: Value) => unknown },
  key: Key,
  make: () => Value,
): Value {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
