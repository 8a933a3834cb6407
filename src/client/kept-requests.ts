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
  /** Sees to it, before a request is sent, that a reload is the same caller. */
  prepare(where: Persistence): void
  read(where: Persistence, id: string): KeptRequest | null
  write(where: Persistence, id: string, kept: KeptRequest | null): void
}

/** Apart for each server and user. `remember` sees to it that the server takes us for the same caller after the reload. */
export function keptRequests(
  server: string,
  user: string | undefined,
  remember: (where: Persistence) => void,
): KeptRequests {
  const keyOf = (id: string) => `react-client-secret:request:${JSON.stringify([server, user ?? null, id])}`
  return {
    prepare: remember,

    read(where, id) {
      const kept = parseKept(readStorage(where, keyOf(id)))
      // Expired, or written by somebody else or another version.
      if (kept === null) writeStorage(where, keyOf(id), null)
      return kept
    },
    write(where, id, kept) {
      // Without what was asked and answered: the server has both, and storage is for small things.
      const text =
        kept && JSON.stringify({ ...kept, record: { ...kept.record, request: undefined, response: undefined } })
      writeStorage(where, keyOf(id), text)
    },
  }
}

function parseKept(text: string | null): KeptRequest | null {
  try {
    const kept = JSON.parse(text!) as KeptRequest
    return kept.record.expiresAt > Date.now() && kept.record.version && kept.poll >= 0 ? kept : null
  } catch {
    return null
  }
}
