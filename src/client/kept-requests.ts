import type { ClientSecretRecord } from '../protocol/record.ts'
import { readStorage, writeStorage, type Persistence } from './browser-storage.ts'

/** What a reload needs to find a request again. */
export interface KeptRequest {
  record: ClientSecretRecord
  /** Milliseconds between polls; 0 when it is polled by hand. */
  poll: number
}

/** Requests in the browser's storage, by the id that the component gave them. */
export interface KeptRequests {
  read(where: Persistence, id: string): KeptRequest | null
  write(where: Persistence, id: string, kept: KeptRequest | null): void
}

/** Apart for each relay and user. `remember` sees to it that the relay takes us for the same caller after the reload. */
export function keptRequests(
  relay: string,
  user: string | undefined,
  remember: (where: Persistence) => void,
): KeptRequests {
  const keyOf = (id: string) => `react-client-secret:request:${JSON.stringify([relay, user ?? null, id])}`
  return {
    read(where, id) {
      try {
        const kept = JSON.parse(readStorage(where, keyOf(id)) ?? 'null') as KeptRequest | null
        return kept && kept.record.expiresAt > Date.now() ? kept : null
      } catch {
        // Written by somebody else, or by another version.
        return null
      }
    },
    write(where, id, kept) {
      if (kept) remember(where)
      // Without what was asked and answered: the relay has both, and storage is for small things.
      const text =
        kept && JSON.stringify({ ...kept, record: { ...kept.record, request: undefined, response: undefined } })
      writeStorage(where, keyOf(id), text)
    },
  }
}
