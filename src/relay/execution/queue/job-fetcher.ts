import { isClientSecretError } from '../../../protocol/errors.ts'
import type { Logger } from '../../common/logger.ts'
import type { PubSub } from '../../database/pub-sub.ts'
import type { CallSlots } from './call-slots.ts'
import type { QueueJob, QueueJobs } from './queue-jobs.ts'

/** Topic that the relays publish when there may be work for a relay with a free slot. */
export const work = 'work'

/** Fetches jobs for the free slots of a relay. */
export interface JobFetcher {
  /** Fetches jobs for all free slots, as long as there are jobs. */
  look: () => void
  /** Looks for a job that was added at this relay. */
  lookForOwn: () => void
  /** To be called at the first heartbeat: nothing starts before. */
  start: () => void
  /** Resolves when the current fetch has ended. */
  ended: () => Promise<void> | undefined
}

interface FetcherDeps {
  jobs: QueueJobs
  slots: CallSlots
  pubSub: PubSub
  logger: Logger
  closing: AbortSignal
  /** Takes a slot, and runs the job. */
  run: (job: QueueJob) => void
}

export function createJobFetcher({ jobs, slots, pubSub, logger, closing, run }: FetcherDeps): JobFetcher {
  let fetching: Promise<void> | undefined
  let isAsked = false
  let isStarted = false
  /** A job was added at this relay and no relay has fetched it, as far as this one knows. */
  let isAdded = false
  /** The last fetch filled all slots, so that jobs may wait for one. */
  let isScarce = false

  async function fetchAll(): Promise<void> {
    while (isAsked && !closing.aborted) {
      isAsked = false
      const free = slots.available()
      if (free <= 0) {
        // Other relays may have free slots. Only the relay that added the job tells them:
        // full relays would tell each other again and again.
        if (isAdded) pubSub.publishToPeers(work)
        isAdded = false
        return
      }
      isScarce = (await fetchFairly(free)) === free
      if (isScarce) isAsked = true
      else if (!isAsked) isAdded = false
    }
  }

  /** Fetches and runs so many jobs; gives the number found. When slots are scarce, callers with few slots are first. */
  async function fetchFairly(count: number): Promise<number> {
    let found = 0
    for (const tooMany of isScarce ? [1, slots.fairShare(), Infinity] : [Infinity]) {
      const others = slots.callersWith(tooMany)
      if (others.length === 0 && tooMany < Infinity) continue
      const fetched = await jobs.fetchSome(count - found, others)
      fetched.forEach(run)
      found += fetched.length
      if (found === count) break
    }
    return found
  }

  function look(): void {
    isAsked = true
    if (fetching || !isStarted || closing.aborted) return
    fetching = fetchAll()
      .catch((error: unknown) => {
        if (!isClientSecretError(error)) logger.error({ err: error }, 'could not read the queue; the relay tries again')
      })
      .then(() => {
        fetching = undefined
      })
  }

  return {
    look,
    lookForOwn() {
      isAdded = true
      look()
    },
    start() {
      isStarted = true
      look()
    },
    ended: () => fetching,
  }
}
