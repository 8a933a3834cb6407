import type { MostUnsettled } from '../../database/records.ts'
import type { Draft } from '../../database/stored-record.ts'

export interface InFlightCounts {
  /** Counts a request until the returned function is called. Throws `max.tooMany` above a limit. */
  enter(draft: Draft, max?: MostUnsettled): () => void
  /** Direct requests of this caller, or of this key, that run at this relay. */
  of: (name: { owner: string } | { keyName: string }) => number
}

/** Counts the direct requests that run at this relay, by caller and by key. */
export function createInFlightCounts(): InFlightCounts {
  const owners = createCounter()
  const keys = createCounter()
  return {
    enter({ owner, request: { clientSecretName } }, max) {
      if (max) {
        const { ofOwner, ofKey = Infinity, tooMany } = max
        if (owners.of(owner) >= ofOwner) throw tooMany('owner')
        if (keys.of(clientSecretName) >= ofKey) throw tooMany('key')
      }
      const leaves = [owners.enter(owner), keys.enter(clientSecretName)]
      return () => leaves.forEach((leave) => leave())
    },
    of: (name) => ('owner' in name ? owners.of(name.owner) : keys.of(name.keyName)),
  }
}

export interface Counter {
  of(name: string): number
  /** Counts one more, until the returned function is called. */
  enter(name: string): () => void
}

export function createCounter(): Counter {
  const counts = new Map<string, number>()
  const of = (name: string) => counts.get(name) ?? 0
  return {
    of,
    enter(name) {
      counts.set(name, of(name) + 1)
      return () => {
        const left = of(name) - 1
        if (left > 0) counts.set(name, left)
        else counts.delete(name)
      }
    },
  }
}
