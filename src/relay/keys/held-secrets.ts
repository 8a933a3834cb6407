import type { SecretIndex } from './redaction/secret-index.ts'

/**
 * Milliseconds for which a value that is no value of a key any more is looked for
 * still: APIs show for as long, in jobs, batches and logs, what was called
 * with it. Nothing of it is written anywhere, so a restart ends it sooner.
 */
const keptFor = 24 * 60 * 60 * 1000

/** Keeps the values of the registered keys in the index of all secrets. */
export interface HeldSecrets {
  /** These are the values from now on; what is not among them any more goes after a while. */
  set(secrets: Iterable<string>): void
  close(): void
}

export function createHeldSecrets(index: SecretIndex): HeldSecrets {
  const held = new Map<string, () => void>()
  const leaving = new Set<NodeJS.Timeout>()
  return {
    set(secrets) {
      const now = new Set(secrets)
      for (const secret of now) if (!held.has(secret)) held.set(secret, index.add(secret))
      for (const [secret, release] of held) {
        if (now.has(secret)) continue
        held.delete(secret)
        const timer = setTimeout(() => {
          leaving.delete(timer)
          release()
        }, keptFor).unref()
        leaving.add(timer)
      }
    },
    close() {
      for (const timer of leaving) clearTimeout(timer)
    },
  }
}
