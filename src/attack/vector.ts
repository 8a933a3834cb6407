import type { Attacker, Sent } from './attacker.ts'
import type { Channel } from './evidence.ts'
import type { World } from './fake-internet.ts'
import { httpAnswer, type HttpAnswer } from './raw-http.ts'
import type { Target, Wish } from './target.ts'

/** One attempt. */
export interface Vector {
  /** Number of the row in the threat model. */
  row: number
  /** In words: what is tried, at which key. */
  name: string
  /**
   * By its meaning, whether something would be given away if it were let through.
   * False for attempts that can only crash the relay, and for those that look
   * bad and are not.
   */
  canLeak: boolean
  /** Where this attempt would show. Looked at for the control only; the relay must leak nowhere. */
  aim: Channel
  /** False: no upstream may be called at all. */
  mayCall: boolean
  run(attacker: Attacker): Promise<void>
}

export type VectorDetails = Partial<Pick<Vector, 'canLeak' | 'aim' | 'mayCall'>>

export function vector(row: number, name: string, run: Vector['run'], details: VectorDetails = {}): Vector {
  return { row, name, canLeak: true, aim: 'upstream', mayCall: true, ...details, run }
}

export interface Attempt extends VectorDetails {
  /** What is sent; or its exact JSON text, where it cannot be written as an object. */
  request: Wish | string
  world?: Partial<World>
  sent?: Sent
}

/** An attempt of one request. Every third goes the queued way, and is read from there; every third goes as a fetch, too. */
export function attempts(row: number, target: Target, list: [name: string, attempt: Attempt][]): Vector[] {
  return list.flatMap(([name, { request, world, sent, ...details }], index) => {
    const isQueued = index % 3 === 2 && typeof request === 'object' && request['queue'] === undefined
    const direct = vector(
      row,
      `${target.keyName}: ${name}${isQueued ? ', queued' : ''}`,
      async (attacker) => {
        attacker.world(world ?? {})
        await attacker.submit(isQueued ? { ...request, queue: 'attack' } : request, sent)
      },
      details,
    )
    if (index % 3 !== 1 || typeof request !== 'object' || Object.hasOwn(request, '__proto__')) return [direct]
    const asFetch = async (attacker: Attacker) => {
      attacker.world(world ?? {})
      await attacker.fetch(request, sent)
    }
    return [direct, vector(row, `${target.keyName}: ${name}, as a fetch`, asFetch, details)]
  })
}

/** An upstream that always gives this answer. */
export function answers(answer: HttpAnswer): Partial<World> {
  return { answer: () => [httpAnswer(answer)] }
}

/** Every n-th of a list. */
export const spread = <T>(list: readonly T[], every: number, offset: number): T[] =>
  list.filter((_, index) => index % every === offset % every)

/** All of a list for the first targets; for each of the others a share, so that all of it meets some of them. */
export const some = <T>(list: readonly T[], targetIndex: number, full = 2, every = 4): T[] =>
  targetIndex < full ? [...list] : spread(list, every, targetIndex)
