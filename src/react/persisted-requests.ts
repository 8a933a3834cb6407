import { readStorage, storageKey, writeStorage, type Persistence } from '../client/browser-storage.ts'
import type { ClientCore } from '../client/create-core.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'

/** What a page needs to find a request after a reload. */
export interface PersistedRequest {
  record: ClientSecretRecord
  /** Milliseconds between polls; 0 without automatic polling. */
  poll: number
}

/** Keeps one request over a reload. */
export interface Persister {
  /** Called before a request is sent. After a reload, the caller must be the same. */
  prepare: () => void
  read: () => PersistedRequest | null
  write: (request: PersistedRequest | null) => void
}

/** Makes the persister for the request of a hook with this `id`. */
export type CreatePersister = (client: ClientCore, id: string) => Persister

/** For `persist` of `useClientSecretRequest`: keeps the request over a reload of this tab. */
export const sessionPersister: CreatePersister = (client, id) => createPersister(client, 'session', id)

/** For `persist` of `useClientSecretRequest`: keeps the request in this browser, for all its tabs. */
export const localPersister: CreatePersister = (client, id) => createPersister(client, 'local', id)

function createPersister({ transport, user }: ClientCore, where: Persistence, id: string): Persister {
  const key = storageKey('request', transport.name, user ?? null, id)
  return {
    prepare() {
      const sessionKey = storageKey('session', transport.name, user ?? null)
      const session = transport.session?.(readStorage(where, sessionKey))
      if (session !== undefined) writeStorage(where, sessionKey, session)
    },
    read() {
      const request = parse(readStorage(where, key))
      if (!request) writeStorage(where, key, null)
      return request
    },
    write(request) {
      if (!request) return writeStorage(where, key, null)
      // Storage is small. The relay has the request and its response.
      const record = { ...request.record, request: undefined, response: undefined }
      writeStorage(where, key, JSON.stringify({ ...request, record }))
    },
  }
}

/** Null for an expired request, or a text of another program or version. */
function parse(text: string | null): PersistedRequest | null {
  try {
    const request = JSON.parse(text!) as PersistedRequest
    return request.record.expiresAt > Date.now() && request.record.version && request.poll >= 0 ? request : null
  } catch {
    return null
  }
}
