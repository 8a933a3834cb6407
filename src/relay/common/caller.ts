/** The sender of a request to the relay. */
export interface Caller {
  /** The owner of this caller's records. */
  owner: string
  /** The address of the caller, if a trusted proxy says it. */
  address?: string | undefined
}

/** True for a caller who is not signed in. */
export function isVisitor(owner: string): boolean {
  return owner.startsWith('visitor:')
}
