import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { ClientSecretError, isClientSecretError } from '../../protocol/errors.ts'
import type { LimitCounts } from '../database/limit-counts.ts'
import { hash } from '../database/stored-record.ts'

/** Counts points by name, within a time that begins at the first ones. */
export interface Meter {
  /** Counts the points, also if they are too many: it then throws `RATE_LIMITED` with the sentence. */
  take(name: string, points: number, sentence: string): Promise<void>
  /** Counts the points. */
  add(name: string, points: number): Promise<void>
}

/** Makes a meter. `what` tells it from others. Without `most`, it has no limit. */
export type MakeMeter = (what: string, most: number | undefined, seconds: number) => Meter

const unlimited: Meter = { take: async () => {}, add: async () => {} }

/** Meters that count in this process. */
export const localMeter: MakeMeter = (_what, most, seconds) => {
  if (most === undefined) return unlimited
  const limiter = new RateLimiterMemory({ points: most, duration: seconds })
  return {
    async take(name, points, sentence) {
      try {
        await limiter.consume(name, points)
      } catch (rejected) {
        if (!(rejected instanceof RateLimiterRes)) throw rejected
        throw limited(sentence, rejected.msBeforeNext)
      }
    },
    async add(name, points) {
      await limiter.penalty(name, points)
    },
  }
}

/** Names above their limit, of which a relay remembers that it refuses them. */
const maxRemembered = 10_000

/** Meters that count for all relays of the database. While it is unavailable, each relay counts alone. */
export function sharedMeters(counts: LimitCounts): MakeMeter {
  return (what, most, seconds) => {
    if (most === undefined) return unlimited
    const alone = localMeter(what, most, seconds)
    /** When the names above the limit are below it again: a flood of refused calls costs no statements. */
    const full = new Map<string, number>()

    async function count(name: string, points: number): Promise<{ count: number; left: number }> {
      const at = performance.now()
      const counted = await counts.add({ name: hash(`${what} ${name}`), points, duration: seconds * 1000 })
      if (counted.count >= most!) {
        if (full.size >= maxRemembered) full.clear()
        full.set(name, at + counted.left)
      }
      return counted
    }

    return {
      async take(name, points, sentence) {
        const left = (full.get(name) ?? 0) - performance.now()
        if (left > 0) throw limited(sentence, left)
        full.delete(name)
        const counted = await count(name, points).catch((error: unknown) => {
          if (isClientSecretError(error) && error.code === 'UNAVAILABLE') return null
          throw error
        })
        if (!counted) return alone.take(name, points, sentence)
        if (counted.count > most) throw limited(sentence, counted.left)
      },
      async add(name, points) {
        // While the database is unavailable, answers do not count.
        await count(name, points).catch(() => {})
      },
    }
  }
}

/** The refusal of a call above a limit, which allows it again after so many milliseconds. */
export function limited(sentence: string, left: number): ClientSecretError {
  return new ClientSecretError('RATE_LIMITED', sentence, { retryAfter: Math.max(1, Math.ceil(left / 1000)) })
}
