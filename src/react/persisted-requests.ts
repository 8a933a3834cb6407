import { readStorage, storageKey, writeStorage, type Persistence } from '../client/browser-storage.ts'
import type { ClientCore } from '../client/create-core.ts'
import type { RequestObject, RequestStart } from '../client/create-request.ts'
import { keepSession } from '../client/keep-session.ts'
import type { Listeners } from '../client/callbacks.ts'
import { isGone } from '../protocol/errors.ts'
import { isSettled, type ClientSecretRecord } from '../protocol/record.ts'

/** What a page stores to find a request after a reload. */
interface PersistedRequest {
  record: ClientSecretRecord
  /** Milliseconds between polls; 0 without automatic polling. */
  poll: number
}

/** Keeps one request over a reload. */
export interface Persister {
  /** Called before a request is sent. After a reload, the caller must be the same. */
  prepare: () => void
  /** Finds the request after a reload, and shows it. */
  restore: (show: (start: RequestStart) => RequestObject, listeners: () => Listeners) => void
  /** Called after each change of the request. */
  write: (request: RequestObject) => void
  forget: () => void
}

/** Makes the persister for the request of a hook with this `id`. */
export type CreatePersister = (client: ClientCore, id: string) => Persister

/** For `persist` of `useClientSecretRequest`: keeps the request over a reload of this tab. */
export const sessionPersister: CreatePersister = (client, id) => createPersister(client, 'session', id)

/** For `persist` of `useClientSecretRequest`: keeps the request in this browser, for all its tabs. */
export const localPersister: CreatePersister = (client, id) => createPersister(client, 'local', id)

function createPersister(client: ClientCore, where: Persistence, id: string): Persister {
  const { transport, user } = client
  const key = storageKey('request', transport.name, user, id)
  const forget = () => writeStorage(where, key, null)
  return {
    prepare: () => keepSession(client, where),
    restore(show, listeners) {
      const request = parse(readStorage(where, key))
      if (!request) return forget()
      const { record, poll } = request
      const seen = { id: record.id }
      // The callbacks of a settled request ran before the reload.
      if (isSettled(record))
        show({
          seen,
          listeners: () => ({ schema: listeners().schema, responseType: listeners().responseType }),
        }).resume()
      else if (poll > 0) show({ seen, record, poll, listeners }).resume()
      // The promise that polls it by hand is lost.
      else show({ seen, record, listeners })
    },
    write({ record, interval, outcome }) {
      if (isGone(outcome)) return forget()
      if (!record) return
      // Storage is small. The relay has the request and its response.
      const head = { ...record, request: undefined, response: undefined }
      writeStorage(where, key, JSON.stringify({ record: head, poll: interval } satisfies PersistedRequest))
    },
    forget,
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
