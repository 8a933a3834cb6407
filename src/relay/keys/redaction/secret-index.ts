import { LineScanner } from './line-scanner.ts'
import { Matcher } from './matcher.ts'
import { RedactingStream } from './redacting-stream.ts'
import type { Redactor } from './redactor.ts'
import { StringScanner } from './string-scanner.ts'
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
  const matchers = { word: new Matcher(), line: new Matcher(), string: new Matcher() }
  /** In words everything is looked for: encoded, what holds blanks and quotes is one as well. */
  const matchersOf = ({ unit }: Value) => new Set([matchers.word, matchers[unit]])
  /** How often each value was added, and how it is found. */
  const added = new Map<string, { count: number; values: Value[] }>()

  function stream(maxHeld: number): RedactingStream {
    const { word, line, string } = matchers
    // Most values have neither blanks nor quotes in them, and then there are no lines and strings to look at.
    const scanners = [
      new WordScanner(word),
      ...(line.isEmpty ? [] : [new LineScanner(line)]),
      ...(string.isEmpty ? [] : [new StringScanner(string)]),
    ]
    return new RedactingStream(scanners, maxHeld)
  }

  function* body(bytes: Buffer, step = stepLength): Generator<void, Buffer> {
    return added.size === 0 ? bytes : yield* stream(Infinity).whole(bytes, step)
  }

  return {
    add(secret, { publicPrefix } = {}) {
      const name = JSON.stringify([secret, publicPrefix])
      const one = added.get(name) ?? {
        count: 0,
        values: valuesOf(inBytes(secret), publicPrefix && inBytes(publicPrefix)),
      }
      if (one.count++ === 0) {
        added.set(name, one)
        for (const value of one.values) for (const matcher of matchersOf(value)) matcher.add(value)
      }
      let isHeld = true
      return () => {
        if (!isHeld) return
        isHeld = false
        if (--one.count > 0) return
        added.delete(name)
        for (const value of one.values) for (const matcher of matchersOf(value)) matcher.remove(value)
      }
    },
    text(text) {
      if (Object.values(matchers).every(({ shortest }) => text.length < shortest)) return text
      const bytes = Buffer.from(text)
      const { value = bytes } = body(bytes, Infinity).next()
      // What is no valid text stays as it is, where nothing had to go.
      return value === bytes ? text : value.toString()
    },
    body: (bytes) => body(bytes),
    stream: ({ maxHeld = 16 * 2 ** 20 } = {}) => stream(maxHeld),
  }
}

/** In bytes: what takes a few milliseconds, of the worst that can be made. */
const stepLength = 32_768

/** For few values that are known at once. */
export function createRedactor(...secrets: string[]): Redactor {
  const index = createSecretIndex()
  for (const secret of secrets) index.add(secret)
  return index
}

/** One character a byte, as everything is searched. */
const inBytes = (text: string) => Buffer.from(text).toString('latin1')
