/** Knows whether a caller still waits for the answer of a direct request. */
export interface WaitingCallers {
  /** Waits for `answer` on behalf of a caller. `signal` aborts when the caller disconnects. */
  during<T>(id: string, signal: AbortSignal, answer: Promise<T>): Promise<T>
}

/**
 * Calls `onAbandoned` when the last caller has disconnected, and no caller returns
 * within `absence` milliseconds. A caller that lost its connection sends the request
 * again with its idempotency key, and the call still runs.
 */
export function createWaitingCallers(absence: number, onAbandoned: (id: string) => void): WaitingCallers {
  /** For each request: the waiting calls, and how many of them are still connected. */
  const requests = new Map<string, { waiting: number; present: number; timer: NodeJS.Timeout | undefined }>()

  return {
    async during(id, signal, answer) {
      const request = requests.get(id) ?? { waiting: 0, present: 0, timer: undefined }
      requests.set(id, request)
      request.waiting++
      request.present++
      clearTimeout(request.timer)
      let isPresent = true
      const leave = () => {
        isPresent = false
        if (--request.present === 0) request.timer = setTimeout(() => onAbandoned(id), absence)
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
      try {
        return await answer
      } finally {
        signal.removeEventListener('abort', leave)
        if (isPresent) request.present--
        if (--request.waiting === 0) {
          clearTimeout(request.timer)
          requests.delete(id)
        }
      }
    },
  }
}
