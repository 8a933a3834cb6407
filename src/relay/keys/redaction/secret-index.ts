import { LineScanner } from './line-scanner.ts'
import { Matcher } from './matcher.ts'
import { RedactingStream } from './redacting-stream.ts'
import type { Redactor } from './redactor.ts'
import { StringScanner } from './string-scanner.ts'
import { valuesOf, type Value } from './values.ts'
import { WordScanner } from './word-scanner.ts'

/** All values of all keys, in one search. */
export interface SecretIndex extends Redactor {
  /**
   * Adds a value, and returns the function that removes it. A value that was added several times stays until all of
   * its functions were called. It takes less than a millisecond, with any number of values.
   */
  add(secret: string, options?: SecretOptions): () => void
}

export interface SecretOptions {
  /** The public beginning of the value. Default: the prefix that its provider documents. */
  publicPrefix?: string | undefined
}

/**
 * The second line of defence. The first are the rules, which send a secret only to allowed places. But an API may echo
 * the secret, as it is or in an encoding.
 *
 * The index always removes whole words. It removes a word only if the word contains a window of a secret, and a window
 * is too long to guess. So a caller who makes an API echo guesses learns nothing from the removed words. The page
 * "Security model" gives the reasons.
 */
export function createSecretIndex(): SecretIndex {
  const matchers = { word: new Matcher(), line: new Matcher(), string: new Matcher() }
  /** Words are searched for every value: a value with blanks or quotes may be encoded as one word. */
  const matchersOf = ({ unit }: Value) => new Set([matchers.word, matchers[unit]])
  /** The number of additions of each value, and its traces. */
  const added = new Map<string, { count: number; values: Value[] }>()

  function stream(maxHeld: number): RedactingStream {
    const { word, line, string } = matchers
    // Lines and strings are searched only if a value contains blanks or quotes, which is rare.
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
      // Without a removal, the text stays as it is, even if it is invalid.
      return value === bytes ? text : value.toString()
    },
    body: (bytes) => body(bytes),
    stream: ({ maxHeld = 16 * 2 ** 20 } = {}) => stream(maxHeld),
  }
}

/** Bytes of one step: even the worst input takes only a few milliseconds. */
const stepLength = 32_768

/** A redactor for a few values. */
export function createRedactor(...secrets: string[]): Redactor {
  const index = createSecretIndex()
  for (const secret of secrets) index.add(secret)
  return index
}

/** One character for each byte: the search works on bytes. */
const inBytes = (text: string) => Buffer.from(text).toString('latin1')
