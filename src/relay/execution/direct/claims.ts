import { ClientSecretError } from '../../../protocol/errors.ts'
import type { ClientSecretRequest } from '../../../protocol/request.ts'
import type { Logger } from '../../common/logger.ts'
import { databaseUnavailable } from '../../database/database.ts'
import type { Records } from '../../database/records.ts'
import type { Draft, RecordSummary, StoredRecord } from '../../database/stored-record.ts'
import { createAbandonedClaims } from './abandoned-claims.ts'
import { createCounter } from './in-flight-counts.ts'
import type { Runner } from '../runner.ts'

/** A record in status `running`, written before the call, so that only one relay runs the request. */
export interface Claim {
  record: StoredRecord
  /** False when the record belongs to an earlier send of the same request. */
  isOurs: boolean
  /** To be called when the end of the record is written, or when another relay has it. */
  release: () => void
}

export interface Claims {
  /** Throws when too many claims are abandoned, because the database is unavailable. */
  checkRoom(): void
  /**
   * Claims a request for this relay, or finds the record that claimed it before.
   *
   * @param isKept Whether the bytes of its answer are kept.
   */
  claim(draft: Draft, isKept: boolean): Promise<Claim>
  /** Whether a request was interrupted and may run again. */
  mayRestart(record: RecordSummary, request: ClientSecretRequest, isKept: boolean): boolean
  /** Undoes late claims: this relay gave them up and undid them, and then their statements reached the database. */
  undoStrays: (relay: string) => Promise<void>
}

export interface ClaimsDeps {
  records: Records
  runner: Runner
  /** Sends a heartbeat if necessary, so that this relay does not count as dead. */
  ensureSeen: () => Promise<void>
  logger: Logger
}

export function createClaims(deps: ClaimsDeps): Claims {
  const { records, runner, ensureSeen, logger } = deps
  const abandoned = createAbandonedClaims(deps)
  /** Claims in use: from before the claim is written until its end is written. `undoStrays` leaves them alone. */
  const held = createCounter()

  async function attempt(draft: Draft, isKept: boolean, hold: (id: string) => void): Promise<Omit<Claim, 'release'>> {
    await ensureSeen()
    const { record, isNew, isSameRequest } = await records.claim(draft).catch((error: unknown) => {
      abandoned.withdraw(draft)
      throw error
    })
    const undoing = abandoned.undoingOf(record.id)
    if (undoing) return undoing.then(() => attempt(draft, isKept, hold))
    checkSameRequest(isSameRequest)
    if (isNew) return { record, isOurs: true }
    if (!mayRestart(record, record.request, isKept)) return { record, isOurs: false }
    hold(record.id)
    const restarted = await records.restart(record, draft.relay).catch((error: unknown) => {
      abandoned.undoRestart(record, draft.relay)
      throw error
    })
    if (restarted) return { record: restarted, isOurs: true }
    // Another send was faster, and the request runs again.
    return { record: (await records.read(record.owner, record.id)) ?? record, isOurs: false }
  }

  /** Another answer would not continue a kept stream, whose readers have its beginning and whose relay may still write. */
  function mayRestart({ error }: RecordSummary, request: ClientSecretRequest, isKept: boolean): boolean {
    return error?.code === 'INTERRUPTED' && !isKept && runner.isSafeToRetry(request)
  }

  return {
    checkRoom() {
      if (abandoned.isFull()) throw databaseUnavailable()
    },

    async claim(draft, isKept) {
      const releases = [held.enter(draft.id)]
      const release = () => releases.splice(0).forEach((one) => one())
      try {
        const claim = await attempt(draft, isKept, (id) => void releases.push(held.enter(id)))
        if (!claim.isOurs) release()
        return { ...claim, release }
      } catch (error) {
        release()
        throw error
      }
    },

    mayRestart,

    async undoStrays(relay) {
      const isHeld = ({ id }: RecordSummary) => held.of(id) > 0 || abandoned.undoingOf(id)
      for (const stray of (await records.claimsOf(relay)).filter((claim) => !isHeld(claim))) {
        logger.warn({ id: stray.id }, 'an abandoned request reached the database late; the relay removed it')
        if (stray.version === 1) abandoned.withdraw(stray)
        else await runner.settleInterrupted(stray)
      }
    },
  }
}

/** An idempotency key names one request. */
export function checkSameRequest(isSame: boolean): void {
  if (isSame) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    'This Idempotency-Key was used for another request. Make a new one for each request; createClient does.',
    { path: 'headers.idempotency-key' },
  )
}
