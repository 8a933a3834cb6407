import { placeholder } from '../../protocol/placeholder.ts'
import { createRedactor as createOldRedactor } from '../redact.ts'
import type { Redactor } from './redactor.ts'

/** All values of all keys, searched for at once. */
export interface SecretIndex extends Redactor {
  /** Looks for this value from now on, until every function that was given for it has been called. */
  add(secret: string, options?: { publicPrefix?: string }): () => void
}

/** TEMPORARY, until the new redactor is merged: over the old one, and with the whole run around each hit. */
const run = /([\w+/.~%&#;-]*\$CLIENT_SECRET[\w+/.~%&#;-]*)+/g

export function createSecretIndex(): SecretIndex {
  const holders = new Map<string, { count: number; clean: (text: string) => string }>()
  const cleanAll = (text: string) => [...holders.values()].reduce((rest, { clean }) => clean(rest), text)
  return {
    add(secret, { publicPrefix } = {}) {
      const holder = holders.get(secret) ?? { count: 0, clean: cleanerOf(secret, publicPrefix) }
      holder.count += 1
      holders.set(secret, holder)
      let isHeld = true
      return () => {
        if (isHeld && --holder.count === 0) holders.delete(secret)
        isHeld = false
      }
    },
    text: cleanAll,
    stream() {
      const chunks: Buffer[] = []
      return {
        push: (chunk) => (chunks.push(chunk), Buffer.alloc(0)),
        end: () => Buffer.from(cleanAll(Buffer.concat(chunks).toString('latin1')), 'latin1'),
      }
    },
  }
}

function cleanerOf(secret: string, publicPrefix?: string) {
  const redactors = [secret, ...decoded(secret)].map((one) => createOldRedactor(one))
  const shape = publicPrefix ? new RegExp(`${publicPrefix}[\\w+/.~-]+`, 'gi') : /(?!)/
  return (text: string) => {
    const cleaned = redactors.reduce(
      (rest, redactor) => redactor.text(rest),
      text.replace(shape, () => placeholder),
    )
    return cleaned === text ? text : cleaned.replace(run, () => placeholder)
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
