/** Knows whether anybody still waits for the answer of a direct request. */
export interface Attendance {
  /** Waits for `answer` on behalf of a caller, whose leaving `signal` tells. */
  during<T>(id: string, signal: AbortSignal, answer: Promise<T>): Promise<T>
}

/**
 * When the last caller has left and nobody came back within `absence`
 * milliseconds, `onDeserted` is called. A caller whose connection broke sends the
 * request again with its idempotency key, and finds it still under way.
 */
export function createAttendance(absence: number, onDeserted: (id: string) => void): Attendance {
  /** Of each request: the calls that wait for it, and those of them whose callers are there. */
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
        if (--request.present === 0) request.timer = setTimeout(() => onDeserted(id), absence)
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
