import { LineScanner } from './line-scanner.ts'
import { Matcher } from './matcher.ts'
import { RedactingStream } from './redacting-stream.ts'
import type { Redactor, RedactorStreamOptions } from './redactor.ts'
import { valuesOf, type Value } from './values.ts'
import { WordScanner } from './word-scanner.ts'

/** All values of all keys, searched for at once. */
export interface SecretIndex extends Redactor {
  /**
   * Looks for this value from now on, until every function that was given for it
   * was called. Cheap: it takes less than a millisecond, however many there are.
   */
  add(secret: string, options?: SecretOptions): () => void
}

export interface SecretOptions {
  /** What the value begins with and is no secret. Default: what its provider documents. */
  publicPrefix?: string | undefined
}

/**
 * The second line of defence: the first is that a secret goes only where its
 * rules let it, but an API may still echo it, as it is or written in one of the
 * ways in which programs write text into other text.
 *
 * What goes is always a whole word, and whether it goes depends on the secret in
 * one way only: whether one of its windows stands in that word. A window holds
 * more than anybody can guess. So nobody who lets an API show guesses learns from
 * what was taken out. Why that is so stands in the page Security model.
 */
export function createSecretIndex(): SecretIndex {
  const words = new Matcher()
  const lines = new Matcher()
  const matcherOf = ({ isLine }: Value) => (isLine ? lines : words)
  /** How often each value was added, and how it is found. */
  const added = new Map<string, { count: number; values: Value[] }>()

  function stream(options?: RedactorStreamOptions): RedactingStream {
    return new RedactingStream([new LineScanner(lines), new WordScanner(words)], options)
  }

  return {
    get isEmpty() {
      return added.size === 0
    },
    add(secret, { publicPrefix } = {}) {
      const name = JSON.stringify([secret, publicPrefix])
      const one = added.get(name) ?? {
        count: 0,
        values: valuesOf(inBytes(secret), publicPrefix && inBytes(publicPrefix)),
      }
      if (one.count++ === 0) {
        added.set(name, one)
        for (const value of one.values) matcherOf(value).add(value)
      }
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        if (--one.count > 0) return
        added.delete(name)
        for (const value of one.values) matcherOf(value).remove(value)
      }
    },
    text(text) {
      if (text.length < Math.min(words.shortest, lines.shortest)) return text
      const bytes = Buffer.from(text)
      const one = stream({ maxHeld: Infinity })
      const redacted = Buffer.concat([one.push(bytes), one.end()])
      // What is no valid text stays as it is, where nothing had to go.
      return redacted.equals(bytes) ? text : redacted.toString()
    },
    stream,
  }
}

/** For few values that are known at once. */
export function createRedactor(...secrets: string[]): Redactor {
  const index = createSecretIndex()
  for (const secret of secrets) index.add(secret)
  return index
}

/** One character a byte, as everything is searched. */
const inBytes = (text: string) => Buffer.from(text).toString('latin1')
