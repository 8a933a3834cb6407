import type { Target } from '../target.ts'
import { places, type Learner } from './learner.ts'
import { inABody } from './looks.ts'
import { readOn, shapeOf } from './read-on.ts'
import type { Spy } from './spy.ts'

/** The size of one answer in bytes. */
const bodySize = 1_000_000

/** The maximum number of combinations. They fit into some megabytes of answers. */
const maxGuesses = 2 ** 20

/** Attackers that guess several characters at once, with a hundred thousand guesses per body. */
export function guessing(targets: readonly Target[]): Learner[] {
  const few = (target: Target) => target.format.alphabet.length <= 16 && target.format.publicPart.length > 0
  const hexadecimal = targets.find(few)
  const long = targets.find(({ format }) => format.publicPart.length >= 12)
  return [
    ...(hexadecimal
      ? [
          {
            name: 'five characters after the public part, a million guesses',
            target: hexadecimal,
            run: sweep(5, ['\n', ' "', ',']),
          },
          {
            name: 'five characters before the last four, a million guesses',
            target: hexadecimal,
            known: places(hexadecimal.canary.length - 4, hexadecimal.canary.length),
            // The vulnerable relay searches for the beginning only.
            canLeak: false,
            run: sweepBack(5),
          },
        ]
      : []),
    ...(long
      ? [
          { name: 'three characters after the public part, beside a true echo', target: long, run: sweep(3, ['\n']) },
          { name: 'by the time of an answer', target: long, canLeak: false, run: time },
        ]
      : []),
  ]
}

/** Measures whether the right character takes longer than a wrong one. No verdict, because load has more effect than the search. */
async function time(spy: Spy): Promise<void> {
  const { publicPart, alphabet } = spy.format
  const right = spy.secretAtTheApi[publicPart.length]!
  const wrong = [...alphabet].find((one) => one.toLowerCase() !== right.toLowerCase())!
  const taken = { right: [] as number[], wrong: [] as number[] }
  for (let turn = 0; turn < 15; turn++) {
    for (const [which, next] of Object.entries({ right, wrong })) {
      const body = `${publicPart}${next} `.repeat(10_000)
      const { milliseconds } = await spy.ask({ answer: () => ({ headers: { 'content-type': 'text/plain' }, body }) })
      taken[which as keyof typeof taken].push(milliseconds)
    }
  }
  const median = (list: number[]) => list.sort((one, other) => one - other)[Math.floor(list.length / 2)]!.toFixed(1)
  spy.note(`the right character: ${median(taken.right)} ms; a wrong one: ${median(taken.wrong)} ms`)
}

/** Tries all guesses of this length, and reads on from a hit. */
const sweep = (length: number, separators: string[]) => async (spy: Spy) => {
  const { publicPart, alphabet } = spy.format
  for (const separator of separators) {
    const found = await oddOfAll(spy, combinations(alphabet, length), (guess) => publicPart + guess, separator)
    if (!found) continue
    spy.claim(publicPart.length, found)
    const known = { stem: publicPart + found, direction: 'forward', publicPart, alphabet } as const
    await readOn(
      inABody(spy),
      known,
      (text) => text,
      (text) => spy.claim(known.stem.length, text),
    )
    return
  }
}

const sweepBack = (length: number) => async (spy: Spy) => {
  const { alphabet, length: whole } = spy.format
  const end = spy.secretAtTheApi.slice(-4)
  const found = await oddOfAll(spy, combinations(alphabet, length), (guess) => guess + end, '\n')
  if (found) spy.claim(whole - 4 - length, found)
}

async function oddOfAll(
  spy: Spy,
  guesses: string[],
  write: (guess: string) => string,
  separator: string,
): Promise<string | null> {
  const size = Math.floor(bodySize / (write(guesses[0]!).length + separator.length))
  const ofShape = new Map<string, Set<string>>()
  for (let at = 0; at < Math.min(guesses.length, maxGuesses); at += size) {
    const some = guesses.slice(at, at + size)
    const body = [spy.secretAtTheApi, ...some.map(write), spy.secretAtTheApi].join(separator)
    const { text } = await spy.ask({ answer: () => ({ headers: { 'content-type': 'text/plain' }, body }) })
    const shapes = text.split(separator).slice(1, -1).map(shapeOf)
    if (shapes.length !== some.length) continue
    for (const [index, shape] of shapes.entries()) {
      const alike = ofShape.get(shape) ?? new Set()
      ofShape.set(shape, alike)
      // Two are enough to rule a shape out.
      if (alike.size < 2) alike.add(some[index]!.toLowerCase())
    }
  }
  const told = [...ofShape.values()].filter(({ size: alike }) => alike === 1).flatMap((alike) => [...alike])
  return ofShape.size > 1 && told.length === 1 ? told[0]! : null
}

function combinations(alphabet: string, length: number): string[] {
  let all = ['']
  for (let turn = 0; turn < length; turn++) all = all.flatMap((text) => [...alphabet].map((one) => text + one))
  return all
}
