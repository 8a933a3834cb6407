import { createHash, randomUUID } from 'node:crypto'
import type { BytesInFlight } from '../../common/bytes-in-flight.ts'
import { isVisitor } from '../../common/caller.ts'
import { checkSameRequest } from './claims.ts'
import type { KeptStreamDeps } from '../kept-writer.ts'
import { createStreamedAnswer, type StreamedAnswer } from './streamed-answer.ts'

export interface StreamedAnswers {
  /** The owner's recent answer with this idempotency key, or a new one. */
  open(
    owner: string,
    idempotencyKey: string | undefined,
    request: readonly (string | Uint8Array)[],
    isKept: boolean,
  ): { answer: StreamedAnswer; isNew: boolean }
}

/** Milliseconds for which the relay keeps an answer, for a caller that lost it and sends the request again. */
const keptFor = 60_000
/** Bytes of all kept answers. Visitors have half. */
const maxKept = 32 * 2 ** 20

/** The current and the recent streamed answers of this relay. */
export function createStreamedAnswers(inFlight: BytesInFlight, keeping: KeptStreamDeps): StreamedAnswers {
  const answers = new Map<string, { answer: StreamedAnswer; digest: string }>()
  const kept = new Map<string, { size: number; ofVisitor: boolean }>()

  /** The oldest go first. */
  function makeRoom(ofVisitor: boolean): void {
    const most = ofVisitor ? maxKept / 2 : maxKept
    const counted = [...kept].filter(([, one]) => !ofVisitor || one.ofVisitor)
    let sum = counted.reduce((all, [, { size }]) => all + size, 0)
    for (const [name, { size }] of counted) {
      if (sum <= most) return
      sum -= size
      forget(name)
    }
  }

  function forget(name: string): void {
    kept.delete(name)
    answers.delete(name)
  }

  return {
    open(owner, idempotencyKey = randomUUID(), request, isKept) {
      const name = JSON.stringify([owner, idempotencyKey])
      const hash = createHash('sha256')
      for (const part of request) hash.update(part)
      const digest = hash.digest('base64')
      const before = answers.get(name)
      if (before) {
        checkSameRequest(before.digest === digest)
        return { answer: before.answer, isNew: false }
      }
      const onEnd = (size: number | undefined) => {
        // A request that was refused before its call may be sent again.
        if (size === undefined) return forget(name)
        kept.set(name, { size, ofVisitor: isVisitor(owner) })
        makeRoom(true)
        makeRoom(false)
        setTimeout(() => kept.has(name) && answers.get(name)?.answer === answer && forget(name), keptFor).unref()
      }
      const answer = createStreamedAnswer(inFlight.open(owner), onEnd, isKept ? keeping : undefined)
      answers.set(name, { answer, digest })
      return { answer, isNew: true }
    },
  }
}
