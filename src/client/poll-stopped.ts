/** The result of a stopped poll. The request goes on, and you can follow it again. */
export interface PollStopped {
  id: string
  status: 'stopped'
}

// A registered symbol, so that two copies of this package recognise each other's results.
const stopMarker = Symbol.for('react-client-secret.stopped')

export function pollStopped(id: string): PollStopped {
  // Not enumerable, so that a printed or compared value shows only the fields of its type.
  return Object.defineProperty({ id, status: 'stopped' as const }, stopMarker, { value: true })
}

/** True for the result of a stopped poll. False for an API's body of the same shape. */
export function isPollStopped(value: unknown): value is PollStopped {
  return typeof value === 'object' && value !== null && stopMarker in value
}
