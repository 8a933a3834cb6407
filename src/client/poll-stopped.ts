/** How a poll ends that was stopped: the request goes on, and can be followed again. */
export interface PollStopped {
  id: string
  status: 'stopped'
}

// In the registry of symbols, so that two copies of this package know each other's.
const stopMarker = Symbol.for('react-client-secret.stopped')

export function pollStopped(id: string): PollStopped {
  // Hidden, so that the value is just what its type says to whoever prints or compares it.
  return Object.defineProperty({ id, status: 'stopped' as const }, stopMarker, { value: true })
}

/** True for what a stopped poll resolves to; an API's body of the same shape is not mistaken for it. */
export function isPollStopped(value: unknown): value is PollStopped {
  return typeof value === 'object' && value !== null && stopMarker in value
}
