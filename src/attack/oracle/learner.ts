import type { Target } from '../target.ts'
import type { Spy } from './spy.ts'

/** An attacker who learns. */
export interface Learner {
  name: string
  /** The key that it uses. */
  target: Target
  /** The key whose secret it is after. Default: the same. */
  victim?: Target
  /** Places of the secret that it knows from the beginning, beside the public part. */
  known?: ReadonlySet<number>
  /** Characters that may be known at the end beside these; only for what is named as a limit. Default 0. */
  mayLearn?: number
  /** Default true. */
  canLeak?: boolean
  run: (spy: Spy) => Promise<void>
}

/** Places from one on to before another. */
export const places = (from: number, to: number): Set<number> =>
  new Set(Array.from({ length: to - from }, (_, index) => from + index))

/** Those of whose secret so many characters are public that a naive search begins with them. */
export const withLongPublicPart = (targets: readonly Target[]): Target[] =>
  targets.filter(({ format }) => format.publicPart.length >= 12)
