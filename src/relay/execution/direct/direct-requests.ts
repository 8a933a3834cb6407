import { ClientSecretError } from '../../../protocol/errors.ts'
import type { PubSub } from '../../database/pub-sub.ts'
import type { NewRecord } from '../../database/stored-record.ts'
import { isKept } from '../../upstream/stream-answer.ts'
import { createClaimedRequests } from './claimed-requests.ts'
import { createClaims, type ClaimsDeps } from './claims.ts'
import { createDirectGets } from './direct-gets.ts'
import type { GivenToRun, Sent } from './direct-run.ts'
import { createInFlightCounts } from './in-flight-counts.ts'
import { createUnwrittenAnswers } from './unwritten-answers.ts'

/** Requests whose callers wait for the answer in the call that sends them. */
export interface DirectRequests {
  /**
   * Runs a request, or joins an earlier send of it; `getRoom` waits for room for the answer of an earlier one.
   * Throws `given.max.tooMany` above a limit of this relay. The answer to a `raw` call goes to `raw`, not into the record.
   */
  send(newRecord: NewRecord, getRoom: () => Promise<void>, given: GivenToRun): Promise<Sent>
  /** Direct requests of this caller, or of this key, that run at this relay. */
  inFlight(name: { owner: string } | { keyName: string }): number
  /** Ends a GET that runs at this relay and is not in the records yet; false when there is none. */
  cancel(owner: string, idempotencyKey: string): boolean
  /** Undoes claims and restarts of this relay without a call: their statements reached the database after the undo. */
  undoStrays(relay: string): Promise<void>
  /** Whether this relay has a GET of this caller with this idempotency key. */
  isKnown(owner: string, idempotencyKey: string): boolean
  /** Resolves when the current answers are written, or soon, when the database is unavailable. */
  written(): Promise<void>
}

interface DirectDeps extends ClaimsDeps {
  pubSub: PubSub
}

export function createDirectRequests(deps: DirectDeps): DirectRequests {
  const counts = createInFlightCounts()
  const unwritten = createUnwrittenAnswers({ ...deps, stopping: deps.runner.stopping })
  const claims = createClaims(deps)
  const gets = createDirectGets({ ...deps, counts, unwritten })
  const claimed = createClaimedRequests({ ...deps, counts, unwritten, claims })

  return {
    async send(newRecord, getRoom, given) {
      const { owner, request } = newRecord
      if (unwritten.isFullFor(owner)) await unwritten.all()
      if (unwritten.isFullFor(owner)) {
        const message = 'The relay has too many answers that its database has not stored yet. Try again.'
        throw new ClientSecretError('UNAVAILABLE', message, { retryAfter: 1 })
      }
      return (request.method === 'GET' && !isKept(given.raw) ? gets : claimed).send(newRecord, getRoom, given)
    },
    inFlight: counts.of,
    cancel: gets.cancel,
    undoStrays: claims.undoStrays,
    isKnown: gets.isKnown,
    written: unwritten.all,
  }
}
