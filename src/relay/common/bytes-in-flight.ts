import { ClientSecretError } from '../../protocol/errors.ts'
import { isVisitor } from './caller.ts'
import { deferred } from './deferred.ts'
import type { ReadLimits } from './relay-limits.ts'

/** Counts the bytes that the relay holds in memory, for each caller and for all. */
export interface BytesInFlight {
  /** Opens an empty room for this caller. */
  open(owner: string): Room
  /** Bytes in memory now. */
  bytes: () => number
  /** Resolves when no answer is in memory, or when the signal fires. */
  answersRead(signal: AbortSignal): Promise<void>
}

/** The memory for one request body, or for one answer that arrives or leaves. */
export interface Room {
  /** Adds so many bytes. Throws `RATE_LIMITED` or `UNAVAILABLE` if there is no room for them. */
  demand: (bytes: number) => void
  /** Changes the room to so many bytes, once there is room for them. Rejects with the reason of the signal. */
  wait: (bytes: number, signal: AbortSignal) => Promise<void>
  /** Changes the room to so many bytes without a check: they are in memory already. */
  hold: (bytes: number) => void
  /** Gives all bytes back. */
  leave: () => void
}

interface Share {
  used: number
  /** Without the rooms of requests, which grow by `demand` alone. */
  ofAnswers: number
  hasRoomFor: (bytes: number) => boolean
}

/** All visitors, or all signed-in users. */
interface Group extends Share {
  /** In order of arrival. */
  waiting: Set<Waiting>
}

interface CallerShare extends Share {
  /** A caller without rooms is removed. */
  rooms: number
}

interface Waiting {
  caller: Share
  bytes: number
  enter(): void
}

/**
 * An attacker can appear as any number of visitors. So all visitors together get at most half of the room, and the
 * other half is reserved for signed-in users.
 *
 * There is no deadlock: an answer with room can always be read to its end, and one goes on also while the requests that
 * wait for their answers take all the room.
 */
export function createBytesInFlight({
  bytesInFlight,
  bytesInFlightPerCaller,
}: Pick<ReadLimits, 'bytesInFlight' | 'bytesInFlightPerCaller'>): BytesInFlight {
  const half = bytesInFlight / 2
  const all = () => visitors.used + signedIn.used
  const ofAnswers = () => visitors.ofAnswers + signedIn.ofAnswers
  let allRead = deferred<void>()
  const visitors: Group = {
    used: 0,
    ofAnswers: 0,
    waiting: new Set(),
    hasRoomFor: (bytes) => visitors.used + bytes <= half && all() + bytes <= bytesInFlight,
  }
  const signedIn: Group = {
    used: 0,
    ofAnswers: 0,
    waiting: new Set(),
    hasRoomFor: (bytes) => signedIn.used + bytes <= half || all() + bytes <= bytesInFlight,
  }
  const callers = new Map<string, CallerShare>()

  /** Whether an answer gets its room: the first one always, because those that wait give none back. */
  const hasTurn = (share: Share, bytes: number) => share.hasRoomFor(bytes) || share.ofAnswers < bytes

  function letIn(group: Group): void {
    const { waiting } = group
    for (const one of waiting) {
      // Later ones wait for the group's room too, but not for the room of another caller.
      if (!hasTurn(group, one.bytes)) return
      if (!hasTurn(one.caller, one.bytes)) continue
      waiting.delete(one)
      one.enter()
    }
  }

  function shareOf(owner: string): CallerShare {
    const known = callers.get(owner)
    if (known) return known
    const made: CallerShare = {
      used: 0,
      ofAnswers: 0,
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
    let isAnswer = false

    function holdAnswer(bytes: number): void {
      if (!isAnswer) for (const share of [caller, group]) share.ofAnswers += mine
      isAnswer = true
      hold(bytes)
    }

    function hold(bytes: number): void {
      const more = bytes - mine
      mine = bytes
      for (const share of [caller, group]) {
        share.used += more
        if (isAnswer) share.ofAnswers += more
      }
      if (more >= 0) return
      for (const others of [signedIn, visitors]) letIn(others)
      if (ofAnswers() === 0) allRead.resolve()
    }

    return {
      demand(bytes) {
        if (!caller.hasRoomFor(bytes)) throw callerIsFull(bytesInFlightPerCaller)
        if (!group.hasRoomFor(bytes)) throw relayIsFull()
        hold(mine + bytes)
      },
      async wait(bytes, signal) {
        holdAnswer(0)
        const ending = AbortSignal.any([signal, left.signal])
        ending.throwIfAborted()
        await new Promise<void>((resolve, reject) => {
          const give = () => {
            group.waiting.delete(one)
            reject(ending.reason as Error)
            // The next one may need less room.
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
          group.waiting.add(one)
          letIn(group)
        })
      },
      hold: holdAnswer,
      leave() {
        if (left.signal.aborted) return
        left.abort(hasLeft)
        hold(0)
        if (--caller.rooms === 0) callers.delete(owner)
      },
    }
  }

  return {
    open,
    bytes: all,
    async answersRead(signal) {
      if (ofAnswers() === 0 || signal.aborted) return
      allRead = deferred()
      const give = () => allRead.resolve()
      signal.addEventListener('abort', give, { once: true })
      await allRead.promise
      signal.removeEventListener('abort', give)
    },
  }
}

/** One for all: each exception of its own costs a stack. */
const hasLeft = new DOMException('The room was left.', 'AbortError')

function callerIsFull(max: number): ClientSecretError {
  return new ClientSecretError(
    'RATE_LIMITED',
    `This caller has ${max} bytes of requests and answers in flight, the relay's limit (limits.bytesInFlightPerCaller). Send fewer requests at a time, and read their answers.`,
    { retryAfter: 1 },
  )
}

function relayIsFull(): ClientSecretError {
  return new ClientSecretError(
    'UNAVAILABLE',
    'The relay has its maximum of bytes in flight (limits.bytesInFlight). Try again.',
    { retryAfter: 1 },
  )
}
