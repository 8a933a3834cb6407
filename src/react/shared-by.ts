import type { Cache } from 'swr'
import type { Client } from '../client/create-client.ts'

/** What components of one SWR cache and one client share by a name; gone with the client, as when the user changes. */
export interface SharedBy<Value> {
  get(cache: Cache, client: Client, name: string, make: () => Value): Value
  drop(cache: Cache, client: Client, name: string): void
}

export function sharedBy<Value>(): SharedBy<Value> {
  const byCache = new WeakMap<Cache, WeakMap<Client, Map<string, Value>>>()
  return {
    get(cache, client, name, make) {
      const byClient = byCache.get(cache) ?? new WeakMap<Client, Map<string, Value>>()
      byCache.set(cache, byClient)
      const values = byClient.get(client) ?? new Map<string, Value>()
      byClient.set(client, values)
      const value = values.get(name) ?? make()
      values.set(name, value)
      return value
    },
    drop: (cache, client, name) => void byCache.get(cache)?.get(client)?.delete(name),
  }
}
