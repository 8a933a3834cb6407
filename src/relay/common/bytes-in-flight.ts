import { ClientSecretError } from '../../protocol/errors.ts'
import { isVisitor } from './caller.ts'
import type { ReadLimits } from './relay-limits.ts'

/**
 * Bytes that a request takes for itself: its connections, its headers, what waits
 * for it; and an answer of so many bytes, which needs no more room.
 */
export const bytesOfRequest = 64 * 1024

/** Knows the bytes that the relay holds in memory while it works, of each caller and of all. */
export interface InFlight {
  /** Room for something of this caller's, in which nothing is yet. */
  open(owner: string): Room
  /** Bytes that are held now. */
  bytes: () => number
}

/** What one thing takes: a request's body, an answer that is gathered, or one that is handed out. */
export interface Room {
  /** Takes so many more bytes. Throws `RATE_LIMITED` or `UNAVAILABLE` where there is no room for them. */
  demand: (bytes: number) => void
  /** Takes so many bytes in place of what it has, as soon as there is room for them. Rejects with the reason of the signal. */
  wait: (bytes: number, signal: AbortSignal) => Promise<void>
  /** Takes so many bytes in place of what it has: they are there, whether there is room for them or not. */
  hold: (bytes: number) => void
  /** Gives all back. */
  leave: () => void
}

interface Share {
  used: number
  hasRoomFor: (bytes: number) => boolean
}

/** Visitors, or those who are signed in: all of one kind. */
interface Group extends Share {
  /** Those who wait for room, in the order in which they came. */
  line: Set<Waiting>
}

interface CallerShare extends Share {
  /** A caller without any is forgotten. */
  rooms: number
}

interface Waiting {
  caller: Share
  bytes: number
  enter(): void
}

/**
 * Visitors make themselves up as many as they want. So all of them together have
 * half of the room at most, and whoever is signed in has the other half for sure.
 *
 * An answer that waits for room holds little, and one that has got room can always
 * be gathered to its end: so nothing ever waits in a circle.
 */
export function createInFlight({
  bytesInFlight,
  bytesInFlightPerCaller,
}: Pick<ReadLimits, 'bytesInFlight' | 'bytesInFlightPerCaller'>): InFlight {
  const half = bytesInFlight / 2
  const all = () => visitors.used + signedIn.used
  const visitors: Group = {
    used: 0,
    line: new Set(),
    hasRoomFor: (bytes) => visitors.used + bytes <= half && all() + bytes <= bytesInFlight,
  }
  const signedIn: Group = {
    used: 0,
    line: new Set(),
    hasRoomFor: (bytes) => signedIn.used + bytes <= half || all() + bytes <= bytesInFlight,
  }
  const callers = new Map<string, CallerShare>()

  function letIn({ line, hasRoomFor }: Group): void {
    for (const one of line) {
      // Who comes behind waits for this too; but not for room that another caller lacks.
      if (!hasRoomFor(one.bytes)) return
      if (!one.caller.hasRoomFor(one.bytes)) continue
      line.delete(one)
      one.enter()
    }
  }

  function shareOf(owner: string): CallerShare {
    const known = callers.get(owner)
    if (known) return known
    const made: CallerShare = {
      used: 0,
      hasRoomFor: (bytes) => made.used + bytes <= bytesInFlightPerCaller,
      rooms: 0,
    }
    callers.set(owner, made)
    return made
  }

  function open(owner: string): Room {
    const group = isVisitor(owner) ? visitors : signedIn
    const caller = shareOf(owner)
    caller.rooms++
    const left = new AbortController()
    let mine = 0

    function hold(bytes: number): void {
      const more = bytes - mine
      mine = bytes
      caller.used += more
      group.used += more
      if (more < 0) for (const others of [signedIn, visitors]) letIn(others)
    }

    return {
      demand(bytes) {
        if (!caller.hasRoomFor(bytes)) throw callerIsFull(bytesInFlightPerCaller)
        if (!group.hasRoomFor(bytes)) throw relayIsFull()
        hold(mine + bytes)
      },
      async wait(bytes, signal) {
        hold(0)
        const ending = AbortSignal.any([signal, left.signal])
        ending.throwIfAborted()
        await new Promise<void>((resolve, reject) => {
          const give = () => {
            group.line.delete(one)
            reject(ending.reason as Error)
            // Who stood behind may find room for less.
            letIn(group)
          }
          const one: Waiting = {
            caller,
            bytes,
            enter() {
              ending.removeEventListener('abort', give)
              hold(bytes)
              resolve()
            },
          }
          ending.addEventListener('abort', give, { once: true })
          group.line.add(one)
          letIn(group)
        })
      },
      hold,
      leave() {
        if (left.signal.aborted) return
        left.abort()
        hold(0)
        if (--caller.rooms === 0) callers.delete(owner)
      },
    }
  }

  return { open, bytes: all }
}

function callerIsFull(most: number): ClientSecretError {
  return new ClientSecretError(
    'RATE_LIMITED',
    `This caller has ${most} bytes of requests and answers under way, the relay's limit (limits.bytesInFlightPerCaller). Send fewer at a time, and read what is answered.`,
    { retryAfter: 1 },
  )
}

function relayIsFull(): ClientSecretError {
  return new ClientSecretError(
    'UNAVAILABLE',
    'The relay has as many bytes under way as it takes (limits.bytesInFlight). Try again.',
    { retryAfter: 1 },
  )
}
