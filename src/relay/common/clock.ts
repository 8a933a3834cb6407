/** A moment by both clocks. */
export interface Moment {
  monotonic: number
  clock: number
}

export function thisMoment(): Moment {
  return { monotonic: performance.now(), clock: Date.now() }
}

/** Milliseconds since then. The one clock may pause while the machine sleeps; the other one may be set back. */
export function since({ monotonic, clock }: Moment): number {
  return Math.max(performance.now() - monotonic, Date.now() - clock)
}
