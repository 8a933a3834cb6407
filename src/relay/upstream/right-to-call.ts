import { ClientSecretError } from '../../protocol/errors.ts'
import { patiently } from '../common/retry-while-unavailable.ts'

/**
 * The right of this relay to make a call, which others have when this one is silent for long. A process that stood
 * still between taking a record and calling finds it out before it calls: what it would send is old by then.
 */
export interface RightToCall {
  /** Whether a call may begin at this moment. */
  isFresh(): boolean
  /** Shows the right anew where that is too long ago. Throws `takenOver` when another relay has it. */
  ensure(): Promise<void>
}

/** Milliseconds for which a right that was shown holds: others may have it after 5 s at the earliest. */
const holdsFor = 4_000

/** Why a call is not made: another relay has its record now, and settles it. */
export const takenOver = new ClientSecretError('ABORTED', 'Another relay has taken this request over.')

/** A moment, by the two clocks that there are. */
export interface Moment {
  monotonic: number
  clock: number
}

export function thisMoment(): Moment {
  return { monotonic: performance.now(), clock: Date.now() }
}

/** Milliseconds since then. On a machine that slept, the one clock may have stood still; the other may be set back. */
export function since({ monotonic, clock }: Moment): number {
  return Math.max(performance.now() - monotonic, Date.now() - clock)
}

/** A right that was shown at a moment; `show` says whether this relay has it still. */
export function createRightToCall(shown: Moment, show: () => Promise<boolean>, signal: AbortSignal): RightToCall {
  let shownAt = shown
  const isFresh = () => since(shownAt) < holdsFor
  return {
    isFresh,
    async ensure() {
      while (!isFresh()) {
        const at = thisMoment()
        // While the database is away, nobody knows.
        const isOurs = await patiently(show, signal).catch((error: unknown) => {
          throw signal.aborted ? signal.reason : error
        })
        if (!isOurs) throw takenOver
        shownAt = at
      }
    },
  }
}
