import { readStorage, storageKey, writeStorage, type Persistence } from '../client/browser-storage.ts'
import type { ClientCore } from '../client/create-core.ts'
import type { RequestObject, RequestStart } from '../client/create-request.ts'
import { keepSession } from '../client/keep-session.ts'
import type { ClientSecretRequestParams, RequestParams } from '../client/request-params.ts'
import { maySubmitAgain, retryDelay, sleep } from '../client/retry-delay.ts'
import type { Transport } from '../client/transport.ts'
import type { Listeners } from '../client/callbacks.ts'
import { asClientSecretError, ClientSecretError, isClientSecretError, isGone } from '../protocol/errors.ts'
import { isSettled, type ClientSecretRecord } from '../protocol/record.ts'

/** What a page stores to find a request after a reload. */
interface PersistedRequest {
  record: ClientSecretRecord
  /** Milliseconds between polls; 0 without automatic polling. */
  poll: number
}

/** What it stores until the relay answers. */
interface SubmittedRequest {
  idempotencyKey: string
  params: Pick<ClientSecretRequestParams, 'poll' | 'queue'>
}

/** Keeps one request over a reload. */
export interface Persister {
  /**
   * Called before a request is sent, and forgets the one before. After a reload, the caller must be the same.
   *
   * @param params Of a request that the relay knows by its key, before the page knows its id.
   */
  prepare: (params?: RequestParams, idempotencyKey?: string) => void
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
  const write = (request: PersistedRequest | SubmittedRequest | null) =>
    writeStorage(where, key, request && JSON.stringify(request))
  const forget = () => write(null)
  return {
    prepare(params, idempotencyKey) {
      keepSession(client, where)
      const { poll, queue } = { ...params } as ClientSecretRequestParams
      // The relay ends a direct call soon after its page was left.
      const isInBackground = Number(poll) > 0 || queue !== undefined
      write(
        transport.isIdempotent && idempotencyKey && isInBackground ? { idempotencyKey, params: { poll, queue } } : null,
      )
    },
    restore(show, listeners) {
      const request = parse(readStorage(where, key))
      if (!request) return forget()
      if ('params' in request) {
        const { idempotencyKey, params } = request
        const find = (signal: AbortSignal) => findSubmitted(transport, idempotencyKey, signal)
        // Its failure is its outcome.
        show({ params: params as RequestParams, idempotencyKey, find, listeners })
          .send()
          .catch(() => {})
        return
      }
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
      if (!record) {
        // If the answer was lost, the relay may have the request.
        if (isClientSecretError(outcome) && !maySubmitAgain(outcome, 1)) forget()
        return
      }
      // Storage is small. The relay has the request and its response.
      const head = { ...record, request: undefined, response: undefined }
      write({ record: head, poll: interval })
    },
    forget,
  }
}

/** Finds a request whose page was left before the relay answered. It may still be on its way. */
async function findSubmitted(
  transport: Transport,
  idempotencyKey: string,
  signal: AbortSignal,
): Promise<ClientSecretRecord> {
  for (let tries = 1; ; tries++) {
    try {
      const page = await transport.history({ idempotencyKey }, { signal })
      if (page.records[0]) return page.records[0]
      throw new ClientSecretError('REQUEST_NOT_FOUND', 'The request did not reach the relay. Send it again.')
    } catch (thrown) {
      const error = asClientSecretError(thrown)
      if (!(isGone(error) && tries < 4) && !maySubmitAgain(error, tries)) throw error
      await sleep(retryDelay(error, tries), signal)
    }
  }
}

/** Null for an expired request, or a text of another program or version. */
function parse(text: string | null): PersistedRequest | SubmittedRequest | null {
  try {
    const request = JSON.parse(text!) as PersistedRequest | SubmittedRequest
    if ('params' in request) return request
    return request.record.expiresAt > Date.now() && request.record.version && request.poll >= 0 ? request : null
  } catch {
    return null
  }
}
