/** Who is asking the relay. */
export interface Caller {
  /** Whose records these are. */
  owner: string
  /** Where the call comes from, as far as the proxies that are trusted say so. */
  address?: string | undefined
}

/** True for records of somebody who was not signed in. */
export function isVisitor(owner: string): boolean {
  return owner.startsWith('visitor:')
}
