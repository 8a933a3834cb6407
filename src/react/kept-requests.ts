import { readStorage, writeStorage, type Persistence } from '../client/browser-storage.ts'
import type { ClientCore } from '../client/create-core.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'

/** What a reload needs to find a request again. */
export interface KeptRequest {
  record: ClientSecretRecord
  /** Milliseconds between polls; 0 when it is polled by hand. */
  poll: number
}

/** Keeps a request over a reload. */
export interface Keeper {
  /** Before a request is sent: sees to it that a reload is the same caller. */
  prepare: () => void
  read: () => KeptRequest | null
  write: (kept: KeptRequest | null) => void
}

/** In the browser's storage, by the id that the component gave it; apart for each server and user. */
export function createKeeper({ transport, user }: ClientCore, where: Persistence, id: string): Keeper {
  const key = `react-client-secret:request:${JSON.stringify([transport.name, user ?? null, id])}`
  return {
    prepare: () => transport.remember?.(where),
    read() {
      const kept = parseKept(readStorage(where, key))
      // Expired, or written by somebody else or another version.
      if (kept === null) writeStorage(where, key, null)
      return kept
    },
    write(kept) {
      // Without what was asked and answered: the server has both, and storage is for small things.
      const text =
        kept && JSON.stringify({ ...kept, record: { ...kept.record, request: undefined, response: undefined } })
      writeStorage(where, key, text)
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
