import type { Logger } from '../../common/logger.ts'
import { retryWhileUnavailable } from '../../common/retry-while-unavailable.ts'
import type { Records } from '../../database/records.ts'
import type { Draft, StoredRecord } from '../../database/stored-record.ts'
import type { Runner } from '../runner.ts'

/**
 * Claims and restarts whose statements got no answer. The database may have them, but
 * no call runs for them. Without an undo, their records would be `running` until they expire.
 */
export interface AbandonedClaims {
  isFull(): boolean
  /** Resolves when the claim of this id is undone; undefined when none is. */
  undoingOf(id: string): Promise<void> | undefined
  /** Removes a claim. */
  withdraw(claim: Pick<Draft, 'id'>): void
  /** Settles a restarted record as it was before. */
  undoRestart(before: StoredRecord, relay: string | null): void
}

interface AbandonedDeps {
  records: Records
  runner: Runner
  logger: Logger
}

const maxAbandoned = 10_000
/** Claims in one statement. */
const batchSize = 1_000

export function createAbandonedClaims({ records, runner, logger }: AbandonedDeps): AbandonedClaims {
  const undoing = new Map<string, Promise<void>>()
  let claimsToWithdraw: { id: string; done: () => void }[] = []

  async function withdrawAll(): Promise<void> {
    while (claimsToWithdraw.length > 0) {
      const claims = claimsToWithdraw.slice(0, batchSize)
      const ids = claims.map(({ id }) => id)
      await retryWhileUnavailable(() => records.withdraw(ids), runner.stopping).catch((error: unknown) =>
        logger.error({ ids, err: error }, 'could not remove the claims of requests that did not run'),
      )
      claimsToWithdraw = claimsToWithdraw.slice(claims.length)
      for (const { id, done } of claims) {
        undoing.delete(id)
        done()
      }
    }
  }

  async function settleAsBefore({ id, owner, version, error }: StoredRecord, relay: string | null): Promise<void> {
    const now = await records.read(owner, id)
    const isOurs = now?.version === version + 1 && now.relay === relay && !runner.isRunning(now)
    if (isOurs) await records.settle(now, { status: 'failed', ...(error && { error }) })
  }

  return {
    isFull: () => undoing.size >= maxAbandoned,
    undoingOf: (id) => undoing.get(id),

    withdraw({ id }) {
      undoing.set(id, new Promise((done) => claimsToWithdraw.push({ id, done })))
      // One loop removes them all, so that many refused requests make one attempt at a time.
      if (claimsToWithdraw.length === 1) void withdrawAll()
    },

    undoRestart(before, relay) {
      const { id } = before
      const undo = retryWhileUnavailable(() => settleAsBefore(before, relay), runner.stopping)
        .catch((err: unknown) => logger.error({ id, err }, 'could not undo the restart of a request that did not run'))
        .then(() => void undoing.delete(id))
      undoing.set(id, undo)
    },
  }
}
