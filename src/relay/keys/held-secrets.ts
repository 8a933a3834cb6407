import type { KeyValue } from './key.ts'
import type { SecretIndex } from './redaction/secret-index.ts'

/**
 * Milliseconds for which the relay still redacts a value that a key no longer has: jobs, batches and logs of an API
 * may show earlier calls. The old values are only in memory, so a restart ends this sooner.
 */
const keptAfterRemoval = 24 * 60 * 60 * 1000

/** The values of the keys that change while the relay runs, in the index of all secrets. */
export interface HeldSecrets {
  /** Replaces the values. The index keeps the old ones for a while. */
  set(values: Iterable<Pick<KeyValue, 'secret' | 'publicPrefix'>>): void
  close(): void
}

export function createHeldSecrets(index: SecretIndex): HeldSecrets {
  const held = new Map<string, () => void>()
  const leaving = new Set<NodeJS.Timeout>()
  return {
    set(values) {
      const now = new Map([...values].map((value) => [value.secret, value]))
      for (const [secret, value] of now) if (!held.has(secret)) held.set(secret, index.add(secret, value))
      for (const [secret, release] of held) {
        if (now.has(secret)) continue
        held.delete(secret)
        const timer = setTimeout(() => {
          leaving.delete(timer)
          release()
        }, keptAfterRemoval).unref()
        leaving.add(timer)
      }
    },
    close() {
      for (const timer of leaving) clearTimeout(timer)
    },
  }
}
