import { vi } from 'vitest'

/** Repeats a check until it succeeds. A busy machine may take long, so a hang is told late. */
export const eventually = <Result>(check: () => Result | Promise<Result>, { interval = 20 } = {}): Promise<Result> =>
  vi.waitFor(check, { timeout: 30_000, interval })
