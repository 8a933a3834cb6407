import type { Target } from '../target.ts'
import type { Spy } from './spy.ts'

/** An attacker that learns from redacted answers. */
export interface Learner {
  name: string
  /** The key that it uses. */
  target: Target
  /** The key whose secret it wants. Default: the same key. */
  victim?: Target
  /** Positions that it knows from the start, besides the public part. */
  known?: ReadonlySet<number>
  /** Further characters that it may know at the end. Only for documented limits. Default 0. */
  mayLearn?: number
  /** Default true. */
  canLeak?: boolean
  run: (spy: Spy) => Promise<void>
}

/** The positions from `from` up to, but not including, `to`. */
export const places = (from: number, to: number): Set<number> =>
  new Set(Array.from({ length: to - from }, (_, index) => from + index))

/** The targets whose public part is as long as the vulnerable relay's search. */
export const withLongPublicPart = (targets: readonly Target[]): Target[] =>
  targets.filter(({ format }) => format.publicPart.length >= 12)
