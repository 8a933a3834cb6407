import { ClientSecretError } from '../../protocol/errors.ts'
import { countedAs, isVisitor, type Caller } from '../common/caller.ts'
import type { ReadLimits } from '../common/relay-limits.ts'
import type { Key, KeyLimits } from '../keys/key.ts'
import type { MakeMeter, Meter } from './meter.ts'

/** The limits of callers and keys. */
export interface Limits {
  /** Counts a submit of this caller. Throws `RATE_LIMITED` above the limit. */
  admitCaller(caller: Caller, bytes: number): Promise<void>
  /** Counts a use of this key by any caller. Throws `RATE_LIMITED` above the limit. */
  admitUse(key: Key, bytes: number): Promise<void>
  /** Counts the bytes of an answer, which are known only at its end. */
  countAnswer(owner: string, key: Key | undefined, bytes: number): Promise<void>
  /**
   * Counts a held poll until the returned function is called. Null above the limit of all polls, or of a visitor's
   * network: the relay then answers the poll at once. Throws `RATE_LIMITED` above the limit of this caller.
   */
  holdPoll(caller: Caller): (() => void) | null
  /** The number of held polls. */
  heldPolls(): number
}

const minute = 60
const day = 86_400

export function createLimits(limits: ReadLimits, meter: MakeMeter): Limits {
  const ofCallers = {
    requests: meter('requests of the caller', limits.requestsPerMinute, minute),
    bytes: meter('bytes of the caller', limits.bytesPerDay, day),
  }
  const ofKeys = new Map<string, KeyMeters>()
  const polls = new Map<string, number>()
  let allPolls = 0
  let pollsOfVisitors = 0

  /** Keys change while the relay runs. The counts stay, unless the limits change. */
  function metersOf({ name, limits: own }: Key): KeyMeters {
    const known = ofKeys.get(name)
    if (known && known.requestsPerMinute === own.requestsPerMinute && known.bytesPerDay === own.bytesPerDay)
      return known
    const { requestsPerMinute, bytesPerDay } = own
    const made = {
      requestsPerMinute,
      bytesPerDay,
      requests: meter('requests with the key', requestsPerMinute, minute),
      bytes: meter('bytes with the key', bytesPerDay, day),
    }
    ofKeys.set(name, made)
    return made
  }

  return {
    async admitCaller(caller, bytes) {
      const { owner } = caller
      await ofCallers.requests.take(
        countedAs(caller),
        1,
        `This caller sends more than ${limits.requestsPerMinute} requests a minute, the relay's limit (limits.requestsPerMinute).`,
      )
      await ofCallers.bytes.take(
        owner,
        bytes,
        `This caller has sent and received ${limits.bytesPerDay} bytes within a day, the relay's limit (limits.bytesPerDay).`,
      )
    },

    async admitUse(key, bytes) {
      const { name, limits: own } = key
      const meters = metersOf(key)
      await meters.requests.take(
        name,
        1,
        `The key "${name}" has more than ${own.requestsPerMinute} requests a minute, its limit (keys.${name}.limits.requestsPerMinute).`,
      )
      await meters.bytes.take(
        name,
        bytes,
        `The key "${name}" has sent and received ${own.bytesPerDay} bytes within a day, its limit (keys.${name}.limits.bytesPerDay).`,
      )
    },

    async countAnswer(owner, key, bytes) {
      await ofCallers.bytes.add(owner, bytes)
      if (key) await metersOf(key).bytes.add(key.name, bytes)
    },

    holdPoll(caller) {
      const name = countedAs(caller)
      const held = polls.get(name) ?? 0
      if (held >= limits.heldPollsPerCaller) {
        // Some of these polls belong to other visitors of the same network.
        if (name !== caller.owner) return null
        throw new ClientSecretError(
          'RATE_LIMITED',
          `The relay already holds ${limits.heldPollsPerCaller} polls of this caller, its limit (limits.heldPollsPerCaller). Use one client for many requests: it polls all of them in one call.`,
          { retryAfter: 1 },
        )
      }
      // One person can appear as any number of visitors, so half of the polls is reserved for signed-in users.
      const isOfVisitor = isVisitor(caller.owner)
      const isFull = allPolls >= limits.heldPolls || (isOfVisitor && pollsOfVisitors >= limits.heldPolls / 2)
      if (isFull) return null
      polls.set(name, held + 1)
      allPolls++
      if (isOfVisitor) pollsOfVisitors++
      return () => {
        const left = (polls.get(name) ?? 1) - 1
        if (left === 0) polls.delete(name)
        else polls.set(name, left)
        allPolls--
        if (isOfVisitor) pollsOfVisitors--
      }
    },

    heldPolls: () => allPolls,
  }
}

interface KeyMeters extends Pick<KeyLimits, 'requestsPerMinute' | 'bytesPerDay'> {
  requests: Meter
  bytes: Meter
}
