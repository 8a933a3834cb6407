import { ClientSecretError } from '../../protocol/errors.ts'
import { since, thisMoment, type Moment } from '../common/clock.ts'
import { retryWhileUnavailable } from '../common/retry-while-unavailable.ts'

/**
 * The right of this relay to make a call. Other relays take it over after a long silence of this one. A process that
 * freezes between the claim of a record and the call finds this out before the call.
 */
export interface RightToCall {
  /** Whether a call may begin at this moment. */
  isFresh(): boolean
  /** Renews the right if the last proof is too old. Throws `takenOver` if another relay has it. */
  ensure(): Promise<void>
}

/** Milliseconds for which a proof is valid. With `maxStartDelay` below `sessionTimeout`, when another relay may take over. */
const holdsFor = 1_400

/** The relay does not make the call, because another relay has its record and settles it. */
export const takenOver = new ClientSecretError('ABORTED', 'Another relay took over this request.')

/** A right that was proved at a moment. `show` says whether this relay still has it. */
export function createRightToCall(
  shown: Moment,
  show: () => Promise<boolean>,
  signal: AbortSignal,
  firstHold = holdsFor,
): RightToCall {
  let shownAt = shown
  let hold = firstHold
  const isFresh = () => since(shownAt) < hold
  return {
    isFresh,
    async ensure() {
      while (!isFresh()) {
        const at = thisMoment()
        // Only the database knows, so this waits until it is available.
        const isOurs = await retryWhileUnavailable(show, signal).catch((error: unknown) => {
          throw signal.aborted ? signal.reason : error
        })
        if (!isOurs) throw takenOver
        shownAt = at
        // A database that takes longer than the hold must not keep the call for ever.
        hold = Math.min(holdsFor, hold * 2)
      }
    },
  }
}
