import { createRedactor as createOldRedactor } from '../redact.ts'
import type { Redactor } from './redactor.ts'

/** All values of all keys, searched for at once. */
export interface SecretIndex extends Redactor {
  /** Looks for this value from now on, until every function that was given for it has been called. */
  add(secret: string, options?: { publicPrefix?: string }): () => void
}

// TEMPORARY: over the redactor that there was, until the new one is merged.
export function createSecretIndex(): SecretIndex {
  const holders = new Map<string, { count: number; redactor: ReturnType<typeof createOldRedactor> }>()
  const redactors = () => [...holders.values()].map(({ redactor }) => redactor)
  return {
    add(secret) {
      const holder = holders.get(secret) ?? { count: 0, redactor: createOldRedactor(secret, ...decoded(secret)) }
      holder.count += 1
      holders.set(secret, holder)
      let isHeld = true
      return () => {
        if (isHeld && --holder.count === 0) holders.delete(secret)
        isHeld = false
      }
    },
    text: (text) => redactors().reduce((rest, redactor) => redactor.text(rest), text),
    stream() {
      const chunks: Buffer[] = []
      return {
        push: (chunk) => (chunks.push(chunk), Buffer.alloc(0)),
        end: () => redactors().reduce<Buffer>((rest, redactor) => redactor.bytes(rest), Buffer.concat(chunks)),
      }
    },
  }
}

function decoded(secret: string): string[] {
  const text = Buffer.from(secret, 'base64').toString()
  return /^[\x20-\x7e]+:[\x20-\x7e]{8,}$/.test(text) ? [text, text.slice(text.indexOf(':') + 1)] : []
}

export function createRedactor(...secrets: string[]): Redactor {
  const index = createSecretIndex()
  for (const secret of secrets) index.add(secret)
  return index
}
