import { jsonText } from '../../common/json-text.ts'
import type { Logger } from '../../common/logger.ts'
import { retryWhileUnavailable } from '../../common/retry-while-unavailable.ts'
import type { PubSub } from '../../database/pub-sub.ts'
import type { Draft } from '../../database/stored-record.ts'
import { createSharedBudget } from '../shared-budget.ts'

/** Answers that the database does not have yet. */
export interface UnwrittenAnswers {
  /** Whether there is no room for another answer of this caller. */
  isFullFor(owner: string): boolean
  /** Writes an answer, and tries again while the database is unavailable. Never rejects. */
  write(settled: Draft, write: () => Promise<void>): Promise<void>
  /** Resolves when the current answers are written, or after `maxWait`. */
  all: () => Promise<void>
}

interface UnwrittenDeps {
  pubSub: PubSub
  logger: Logger
  /** Ends the tries. */
  stopping: AbortSignal
}

/** Characters of all unwritten answers at one relay. */
const maxUnwritten = 32_000_000
/** Milliseconds for which a reader waits for answers to be written. */
const maxWait = 2_000

export function createUnwrittenAnswers({ pubSub, logger, stopping }: UnwrittenDeps): UnwrittenAnswers {
  let last = 0
  const budget = createSharedBudget(maxUnwritten)
  // In the order of arrival: the first is the oldest.
  const outstanding = new Set<number>()
  const readers = new Set<{ upTo: number; go: () => void }>()

  function add({ owner }: Draft, weight: number): () => void {
    const number = ++last
    outstanding.add(number)
    const release = budget.take(owner, weight)
    return () => {
      outstanding.delete(number)
      release()
      const [oldest = Infinity] = outstanding
      for (const reader of readers) {
        if (reader.upTo >= oldest) break
        reader.go()
      }
    }
  }

  return {
    isFullFor: (owner) => !budget.hasRoomFor(owner, 0),

    write(settled, write) {
      const { id, concurrencyKey } = settled
      const remove = add(settled, sizeOf(settled))
      return retryWhileUnavailable(write, stopping)
        .then(
          () => pubSub.publish(id, concurrencyKey),
          (error: unknown) => logger.error({ id, err: error }, 'could not write the end of a request into its record'),
        )
        .then(remove)
    },

    async all() {
      if (outstanding.size === 0) return
      await new Promise<void>((resolve) => {
        const reader = {
          upTo: last,
          go: () => {
            clearTimeout(timer)
            readers.delete(reader)
            resolve()
          },
        }
        const timer = setTimeout(reader.go, maxWait)
        readers.add(reader)
      })
    },
  }
}

/** Characters of a record, about. */
export function sizeOf({ request, response, idempotencyKey }: Draft): number {
  const otherColumns = 1_000
  return jsonText(request).length + (response ? jsonText(response).length : 0) + idempotencyKey.length + otherColumns
}
