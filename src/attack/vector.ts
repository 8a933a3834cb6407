import type { Attacker, Sent } from './attacker.ts'
import type { Channel } from './evidence.ts'
import type { World } from './fake-internet.ts'
import { httpAnswer, type HttpAnswer } from './raw-http.ts'
import type { Target, Wish } from './target.ts'

/** One attack. */
export interface Vector {
  /** The row in the threat model. */
  row: number
  /** A description of the attempt and its key. */
  name: string
  /**
   * Whether the vector would leak if the relay allowed it. False for vectors that
   * can only crash the relay, and for those that only look malicious.
   */
  canLeak: boolean
  /** The channel of the expected leak. Only the control uses it; the relay must not leak in any channel. */
  aim: Channel
  /** False if no upstream may be called. */
  mayCall: boolean
  run(attacker: Attacker): Promise<void>
}

export type VectorDetails = Partial<Pick<Vector, 'canLeak' | 'aim' | 'mayCall'>>

export function vector(row: number, name: string, run: Vector['run'], details: VectorDetails = {}): Vector {
  return { row, name, canLeak: true, aim: 'upstream', mayCall: true, ...details, run }
}

export interface Attempt extends VectorDetails {
  /** The request, or its exact JSON text if an object cannot express it. */
  request: Wish | string
  world?: Partial<World>
  sent?: Sent
  /** True when the relay drops the forged header of a fetch, as a browser does, and makes the call. Default: as `mayCall`. */
  mayCallAsFetch?: boolean
}

/** Vectors of one request each. Every third request uses a queue, and every third is also sent as a fetch. */
export function attempts(row: number, target: Target, list: [name: string, attempt: Attempt][]): Vector[] {
  return list.flatMap(([name, { request, world, sent, mayCallAsFetch, ...details }], index) => {
    const isQueued = index % 3 === 2 && typeof request === 'object' && request['queue'] === undefined
    const direct = vector(
      row,
      `${target.title}: ${name}${isQueued ? ', queued' : ''}`,
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
    const mayCall = mayCallAsFetch ?? details.mayCall ?? true
    return [direct, vector(row, `${target.title}: ${name}, as a fetch`, asFetch, { ...details, mayCall })]
  })
}

/** An upstream that always sends this answer. */
export function answers(answer: HttpAnswer): Partial<World> {
  return { answer: () => [httpAnswer(answer)] }
}

/** Every n-th item of a list. */
export const spread = <T>(list: readonly T[], every: number, offset: number): T[] =>
  list.filter((_, index) => index % every === offset % every)

/** The whole list for the first targets, and a share for each other target, so that together they use all of it. */
export const some = <T>(list: readonly T[], targetIndex: number, full = 2, every = 4): T[] =>
  targetIndex < full ? [...list] : spread(list, every, targetIndex)
