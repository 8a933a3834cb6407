import type { Draft, StoredRecord } from '../../database/stored-record.ts'
import { createSharedBudget } from '../shared-budget.ts'

/** A GET that runs at this relay, or whose answer the relay still keeps. */
export interface KeptGet {
  draft: Draft
  isRunning: boolean
  cancel: () => void
  answer: Promise<StoredRecord>
}

/** GETs by caller and idempotency key: a GET that arrives again gets the answer of the first one. */
export interface KeptAnswers {
  find(owner: string, idempotencyKey: string): KeptGet | undefined
  /** Adds a GET that runs. */
  add(get: KeptGet): void
  /** Keeps the answer of so many characters for a while, if there is room. */
  keep(get: KeptGet, size: number): void
  forget(get: KeptGet): void
}

/** Milliseconds for which the relay keeps an answer, for a caller that lost it on the way and sends the GET again. */
const keptFor = 10_000
/** Characters of all kept answers at one relay. */
const maxKept = 32_000_000

export function createKeptAnswers(): KeptAnswers {
  const gets = new Map<string, KeptGet>()
  const kept = createSharedBudget(maxKept)
  const nameOf = (owner: string, idempotencyKey: string) => JSON.stringify([owner, idempotencyKey])

  function forget(get: KeptGet): void {
    const name = nameOf(get.draft.owner, get.draft.idempotencyKey)
    if (gets.get(name) === get) gets.delete(name)
  }

  return {
    find: (owner, idempotencyKey) => gets.get(nameOf(owner, idempotencyKey)),
    add: (get) => void gets.set(nameOf(get.draft.owner, get.draft.idempotencyKey), get),

    keep(get, size) {
      get.isRunning = false
      const { owner } = get.draft
      if (!kept.hasRoomFor(owner, size)) return forget(get)
      const release = kept.take(owner, size)
      const expire = () => {
        release()
        forget(get)
      }
      setTimeout(expire, keptFor).unref()
    },

    forget,
  }
}
