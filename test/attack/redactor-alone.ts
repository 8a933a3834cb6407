/**
 * `node test/attack/redactor-alone.ts [guesses] [formats]`: the redactor alone, against
 * attackers with ten million guesses each, put by the hundred or the ten thousand
 * into texts. They know what a secret begins with, its alphabet, its length and
 * its last four characters. What each knows more at its end is printed.
 *
 * The formats are numbers of `canary.ts`, by default 1,3,5,6: of each a process of
 * its own may be run. Not of the package, and not of the tests: it takes long.
 */
import { randomInt } from 'node:crypto'
import { makeCanary, some, type Canary } from '../../src/attack/canary.ts'
import { marked, shapesOf } from '../../src/attack/oracle/looks.ts'
import { readOn, shapeOf, type Direction, type Look } from '../../src/attack/oracle/read-on.ts'
import { writings } from '../../src/attack/oracle/writings.ts'
import { createRedactor } from '../../src/relay/keys/redaction/secret-index.ts'

/** The only place that knows how a redactor is made. */
function redactorOf(secret: string): (text: string) => string {
  const redactor = createRedactor(secret)
  return (text) => redactor.text(text)
}

const [guessesOfEach = 10_000_000, ...formats] = process.argv.slice(2).flatMap((one) => one.split(',').map(Number))
/** Whoever knows all but few characters of something that is looked for can guess these, on either side. */
const guessable = 6

class Spent extends Error {}

/** Shows texts to a redactor, as often as an attacker may. */
function oracleOf(secret: string) {
  const redact = redactorOf(secret)
  let left = guessesOfEach
  const look =
    (separator: string): Look =>
    (texts) => {
      left -= texts.length
      if (left < 0) throw new Spent()
      return Promise.resolve(shapesOf({ status: 200, error: '' }, redact(marked(texts, separator)), texts))
    }
  /** Texts by the ten thousand; gives those that alone came back as they did. */
  const oddOnes = (texts: string[], separator: string): string[] => {
    left -= texts.length
    if (left < 0) throw new Spent()
    const parts = redact(texts.join(separator)).split(separator)
    if (parts.length !== texts.length) return []
    const ofShape = new Map<string, string[]>()
    for (const [index, part] of parts.entries()) {
      const shape = shapeOf(part)
      ofShape.set(shape, [...(ofShape.get(shape) ?? []).slice(0, 1), texts[index]!])
    }
    const alone = [...ofShape.values()].filter(({ length }) => length === 1)
    return ofShape.size === 1 ? [] : alone.flat()
  }
  return { look, oddOnes }
}
type Oracle = ReturnType<typeof oracleOf>

interface Strategy {
  name: string
  mayLearn?: number
  /** Says what it learns as it goes: characters, and where they stand. */
  learn(oracle: Oracle, canary: Canary, claim: (at: number, text: string) => void): Promise<void>
}

/** One character after the other, behind what is known or before it, written in every way. */
async function readFrom(
  { look }: Oracle,
  { value, publicPart, alphabet }: Canary,
  [from, to]: [number, number],
  direction: Direction,
  claim: (at: number, text: string) => void,
) {
  let best = ''
  for (const { write, separator } of writings(value)) {
    const stem = direction === 'forward' ? value.slice(from, to) + best : best + value.slice(from, to)
    const read = await readOn(look(separator), { stem, direction, publicPart, alphabet }, write, (text) =>
      claim(direction === 'forward' ? to + best.length : from - best.length - text.length, text),
    )
    best = direction === 'forward' ? best + read : read + best
  }
}

/** Several characters at once, by chance, beside what is known. */
function guessMany(length: number, isBehind: boolean): Strategy['learn'] {
  return (oracle, { value, publicPart, alphabet }, claim) => {
    for (let turn = 0; ; turn++) {
      const separator = ['\n', ' ', ',', '"', '|', '\t', '\\n', '&'][turn % 8]!
      const guesses = Array.from({ length: 40_000 }, () => some(length, alphabet))
      const known = isBehind ? publicPart : value.slice(-4)
      const texts = guesses.map((guess) => (isBehind ? known + guess : guess + known))
      const odd = oracle.oddOnes(texts, separator)
      if (odd.length !== 1) continue
      const guess = isBehind ? odd[0]!.slice(known.length) : odd[0]!.slice(0, -4)
      claim(isBehind ? known.length : value.length - 4 - length, guess)
    }
  }
}

const pieces = [12, 15, 16, 20, 24, 27, 32, 40]

const strategies: Strategy[] = [
  {
    name: 'extends what is public, in every form',
    learn: (oracle, canary, claim) => readFrom(oracle, canary, [0, canary.publicPart.length], 'forward', claim),
  },
  {
    name: 'extends the last four characters, in every form',
    learn: (oracle, canary, claim) =>
      readFrom(oracle, canary, [canary.value.length - 4, canary.value.length], 'backward', claim),
  },
  ...[3, 4, 8].map((length): Strategy => ({
    name: `guesses ${length} characters behind what is public`,
    learn: guessMany(length, true),
  })),
  { name: 'guesses 4 characters before the last four', learn: guessMany(4, false) },
  ...pieces.map((length): Strategy => ({
    name: `knows ${length} characters of the middle, and reads on`,
    mayLearn: guessable,
    learn(oracle, canary, claim) {
      const { publicPart, value } = canary
      const from = publicPart.length + randomInt(Math.max(1, value.length - publicPart.length - length))
      return readFrom(oracle, canary, [from, from + length], randomInt(2) ? 'forward' : 'backward', claim)
    },
  })),
]

let hasLearnt = false
for (const index of formats.length > 0 ? formats : [1, 3, 5, 6]) {
  for (const { name, mayLearn = 0, learn } of strategies) {
    const canary = makeCanary(index)
    const { value, publicPart } = canary
    const claims = new Map<number, string>()
    const started = performance.now()
    try {
      await learn(oracleOf(value), canary, (at, text) => {
        for (const [offset, character] of [...text].entries()) claims.set(at + offset, character)
      })
    } catch (error) {
      if (!(error instanceof Spent)) throw error
    }
    const right = [...claims].filter(
      ([at, character]) => at >= publicPart.length && value[at]!.toLowerCase() === character.toLowerCase(),
    )
    hasLearnt ||= right.length > mayLearn
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    const verdict = right.length > mayLearn ? 'LEARNT' : 'nothing'
    console.log(
      `${verdict}  ${right.length} more of ${value.length - publicPart.length} characters, ${seconds} s: ${publicPart || 'no prefix'}: ${name}`,
    )
  }
}
if (hasLearnt) process.exitCode = 1
