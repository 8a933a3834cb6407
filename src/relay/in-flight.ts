import { ClientSecretError } from '../protocol/errors.ts'
import { isVisitor } from './caller.ts'
import type { Settings } from './options.ts'

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
  bytes(): number
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
  most: number
  used: number
}

interface CallerShare extends Share {
  /** A caller without any is forgotten. */
  rooms: number
}

interface Waiting {
  shares: readonly Share[]
  bytes: number
  enter(): void
}

/**
 * Visitors make themselves up as many as they want, so all of them together have
 * half of the room, and whoever is signed in has the other half for sure.
 *
 * An answer that waits for room holds little, and one that has got room can always
 * be gathered to its end: so nothing ever waits in a circle.
 */
export function createInFlight({
  bytesInFlight,
  bytesInFlightPerCaller,
}: Pick<Settings['limits'], 'bytesInFlight' | 'bytesInFlightPerCaller'>): InFlight {
  const all: Share = { most: bytesInFlight, used: 0 }
  const visitors: Share = { most: bytesInFlight / 2, used: 0 }
  const callers = new Map<string, CallerShare>()
  /** In the order in which they came: visitors, who may wait for their share alone, apart from the others. */
  const waiting = { visitors: new Set<Waiting>(), others: new Set<Waiting>() }

  const isRoomFor = (bytes: number) => (share: Share) => share.used + bytes <= share.most

  function letIn(line: Set<Waiting>): void {
    for (const one of line) {
      const [caller, ...others] = one.shares
      // Who comes behind waits for this too; but not for room that another caller lacks.
      if (!others.every(isRoomFor(one.bytes))) return
      if (!isRoomFor(one.bytes)(caller!)) continue
      line.delete(one)
      one.enter()
    }
  }

  function shareOf(owner: string): CallerShare {
    const known = callers.get(owner)
    if (known) return known
    const made = { most: bytesInFlightPerCaller, used: 0, rooms: 0 }
    callers.set(owner, made)
    return made
  }

  function open(owner: string): Room {
    const caller = shareOf(owner)
    caller.rooms++
    const shares = isVisitor(owner) ? [caller, visitors, all] : [caller, all]
    const line = isVisitor(owner) ? waiting.visitors : waiting.others
    let mine = 0
    const left = new AbortController()

    function hold(bytes: number): void {
      const more = bytes - mine
      mine = bytes
      for (const share of shares) share.used += more
      if (more < 0) for (const others of [waiting.others, waiting.visitors]) letIn(others)
    }

    return {
      demand(bytes) {
        if (!isRoomFor(bytes)(caller)) throw callerIsFull(bytesInFlightPerCaller)
        if (!shares.every(isRoomFor(bytes))) throw relayIsFull()
        hold(mine + bytes)
      },
      async wait(bytes, signal) {
        hold(0)
        const ending = AbortSignal.any([signal, left.signal])
        ending.throwIfAborted()
        await new Promise<void>((resolve, reject) => {
          const give = () => {
            line.delete(one)
            reject(ending.reason as Error)
            // Who stood behind may find room for less.
            letIn(line)
          }
          const one: Waiting = {
            shares,
            bytes,
            enter() {
              ending.removeEventListener('abort', give)
              hold(bytes)
              resolve()
            },
          }
          ending.addEventListener('abort', give, { once: true })
          line.add(one)
          letIn(line)
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

  return { open, bytes: () => all.used }
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
