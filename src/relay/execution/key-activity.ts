import type { ClientSecretError } from '../../protocol/errors.ts'
import type { KeyRefusal, WireRule } from '../../protocol/keys.ts'
import type { ReportedUse } from './budgets.ts'
import { limitIn } from './limit-in.ts'

/** What this relay knows of the use of its keys since its start, beside the records: tokens and refused requests. */
export interface KeyActivity {
  used(this: void, use: ReportedUse): void
  /** Notes a refused request. `key` is a key that the relay has. */
  refused(key: string, refused: Refused): void
  /** Tokens of the last hour and day, and the newest refusals. */
  of(key: string): { since: number; tokens: { hour: number; day: number }; refusals: KeyRefusal[] }
}

interface Refused {
  error: Pick<ClientSecretError, 'code' | 'message'>
  caller: string
  /** The rule that would allow the request. */
  rule: WireRule | undefined
}

/** Milliseconds of a part of the day for which tokens count together. */
const part = 300_000
const partsOfHour = 12
const partsOfDay = 288

/** Different refusals of a key. A caller can send any number of them. */
const maxRefusals = 20
/** Characters. A rule with a longer url helps no one. */
const maxUrlLength = 500

export function createKeyActivity(now: () => number = Date.now): KeyActivity {
  const since = now()
  const tokens = new Map<string, Map<number, number>>()
  /** By key, the newest last. */
  const refusals = new Map<string, Map<string, KeyRefusal>>()
  const inMap = <Value>(map: Map<string, Value>, key: string, make: () => Value) => {
    const known = map.get(key) ?? make()
    map.set(key, known)
    return known
  }
  const partNow = () => Math.floor(now() / part)

  return {
    used({ key, usage: { input, output } }) {
      const counts = inMap(tokens, key, () => new Map<number, number>())
      const at = partNow()
      counts.set(at, (counts.get(at) ?? 0) + input + output)
      for (const old of counts.keys()) if (old <= at - partsOfDay) counts.delete(old)
    },

    refused(key, { error, caller, rule: suggested }) {
      const known = inMap(refusals, key, () => new Map<string, KeyRefusal>())
      const rule = suggested && suggested.url.length <= maxUrlLength ? suggested : undefined
      const { code } = error
      const limit = limitIn(error)
      const name = JSON.stringify([code, limit, rule])
      const count = (known.get(name)?.count ?? 0) + 1
      // Last, because it is the newest.
      known.delete(name)
      known.set(name, { code, ...(limit !== undefined && { limit }), ...(rule && { rule }), count, caller, at: now() })
      for (const oldest of known.keys()) {
        if (known.size <= maxRefusals) break
        known.delete(oldest)
      }
    },

    of(key) {
      const at = partNow()
      const tokensOf = (parts: number) =>
        [...(tokens.get(key) ?? [])].reduce((sum, [one, count]) => (one > at - parts ? sum + count : sum), 0)
      return {
        since,
        tokens: { hour: tokensOf(partsOfHour), day: tokensOf(partsOfDay) },
        refusals: [...(refusals.get(key)?.values() ?? [])].reverse(),
      }
    },
  }
}
