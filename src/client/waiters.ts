import { isClientSecretError, type ClientSecretError } from '../protocol/errors.ts'
import { onAbort } from './on-abort.ts'
import type { PollStopped } from './poll-stopped.ts'
import type { Answer } from './read-record.ts'

/** How a poll ends. */
export type PollOutcome = Answer | PollStopped | ClientSecretError

/** A poll by hand. */
export interface Polling extends Promise<Answer | PollStopped> {
  /** Ends this poll, and with the last one all polling. The request goes on. */
  stop: () => void
}

/** What one waiter brings along. */
interface Waiting {
  signal: AbortSignal | undefined
  /** Starts the polling. The returned promise rejects with its error. */
  begin: () => void
  stopped: () => PollStopped
  aborted: () => ClientSecretError
}

/** The promises of one outcome. */
export interface Waiters {
  wait: (waiting: Waiting) => Polling
  /** Settles all promises. */
  settle: (outcome: PollOutcome) => void
}

/** @param onLastLeft Called when the last promise is stopped or aborted. */
export function createWaiters(onLastLeft: () => void): Waiters {
  const waiters = new Set<(outcome: PollOutcome) => void>()
  return {
    wait({ signal, begin, stopped, aborted }) {
      let leave: (outcome: PollOutcome) => void
      const promise = new Promise<Answer | PollStopped>((resolve, reject) => {
        let letGo = () => {}
        const settle = (outcome: PollOutcome) => {
          waiters.delete(settle)
          letGo()
          if (isClientSecretError(outcome)) reject(outcome)
          else resolve(outcome)
        }
        leave = (outcome) => {
          if (!waiters.has(settle)) return
          settle(outcome)
          if (waiters.size === 0) onLastLeft()
        }
        begin()
        waiters.add(settle)
        letGo = onAbort(signal, () => leave(aborted()))
      })
      return Object.assign(promise, { stop: () => leave(stopped()) })
    },
    settle(outcome) {
      for (const waiter of [...waiters]) waiter(outcome)
    },
  }
}
