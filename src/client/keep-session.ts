import { readStorage, storageKey, writeStorage, type Persistence } from './browser-storage.ts'
import type { ClientCore } from './create-core.ts'

/** Stores the session of a visitor. After a reload, the caller must be the same. */
export function keepSession({ transport, user }: ClientCore, where: Persistence): void {
  const key = storageKey('session', transport.name, user)
  writeStorage(where, key, transport.session?.(readStorage(where, key)) ?? null)
}
