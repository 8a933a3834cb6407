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
/** Bytes that an answer takes besides its body. */
const bytesOfAnswer = 1_024

/** The current and the recent streamed answers of this relay. */
export function createStreamedAnswers(inFlight: BytesInFlight, keeping: KeptStreamDeps): StreamedAnswers {
  const answers = new Map<string, { answer: StreamedAnswer; digest: string }>()
  /** The bytes of each answer that has ended, the oldest first; and of those, the ones of visitors. */
  const kept = new Map<string, { size: number; timer: NodeJS.Timeout }>()
  const visitors = new Set<string>()
  const bytes = { all: 0, ofVisitors: 0 }

  function keep(name: string, size: number, isOfVisitor: boolean): void {
    // It ends with its answer, whose bytes it would hold.
    kept.set(name, { size, timer: setTimeout(() => forget(name), keptFor).unref() })
    bytes.all += size
    if (isOfVisitor) {
      visitors.add(name)
      bytes.ofVisitors += size
    }
    // The oldest go first.
    for (const oldest of visitors) {
      if (bytes.ofVisitors <= maxKept / 2) break
      forget(oldest)
    }
    for (const oldest of kept.keys()) {
      if (bytes.all <= maxKept) break
      forget(oldest)
    }
  }

  function forget(name: string): void {
    const { size, timer } = kept.get(name) ?? { size: 0 }
    clearTimeout(timer)
    bytes.all -= size
    if (visitors.delete(name)) bytes.ofVisitors -= size
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
        keep(name, size + bytesOfAnswer, isVisitor(owner))
      }
      const answer = createStreamedAnswer(inFlight.open(owner), onEnd, isKept ? keeping : undefined)
      answers.set(name, { answer, digest })
      return { answer, isNew: true }
    },
  }
}
