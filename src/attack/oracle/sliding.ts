import type { Target } from '../target.ts'
import { places, type Learner } from './learner.ts'
import { inABody } from './looks.ts'
import { readOn, type Direction, type Known } from './read-on.ts'
import type { Spy } from './spy.ts'
import { writings } from './writings.ts'

/**
 * An attacker that knows almost all of a window can guess the missing characters, on
 * either side, as the page Security model says. It learns no more after that.
 */
const guessable = 6

/** Attackers that know a piece of the secret, and read on from there in both directions. */
export function sliding(targets: readonly Target[]): Learner[] {
  const long = targets.filter(({ canary, format }) => canary.length - format.publicPart.length >= 64)
  const lengths = [16, 24, 32, 40]
  const ofPieces = long.slice(0, 3).flatMap((target, index) =>
    lengths
      .filter((_, at) => at % 2 === index % 2)
      .map((length): Learner => {
        const { publicPart } = target.format
        // Each learner gets a piece from the front or from the middle.
        const from =
          publicPart.length + (index < 2 ? 0 : Math.floor((target.canary.length - publicPart.length - length) / 2))
        return {
          name: `sliding from ${length} characters at ${from - publicPart.length}`,
          target,
          known: places(from, from + length),
          mayLearn: guessable,
          // The vulnerable relay searches for the beginning only.
          canLeak: from === publicPart.length && publicPart.length + length >= 12,
          run: (spy) => slide(spy, from, length),
        }
      }),
  )
  return [...ofPieces, ...edges(long.slice(0, 1))]
}

async function slide(spy: Spy, from: number, length: number): Promise<void> {
  const { alphabet, publicPart } = spy.format
  // Includes the public part if the piece follows it.
  const start = from === publicPart.length ? 0 : from
  const piece = spy.secretAtTheApi.slice(start, from + length)
  let [before, behind] = ['', '']
  for (const { write, separator } of writings(spy.secretAtTheApi)) {
    const look = inABody(spy, separator)
    const known = (direction: Direction, stem: string): Known => ({ stem, direction, publicPart, alphabet })
    const all = before + piece + behind
    behind += await readOn(look, known('forward', all), write, (text) => spy.claim(from + length + behind.length, text))
    before =
      (await readOn(look, known('backward', before + piece + behind), write, (text) =>
        spy.claim(start - before.length - text.length, text),
      )) + before
    if (before.length + piece.length + behind.length >= spy.format.length) return
  }
}

/** Attackers that place a guess next to the cut of an echo. */
function edges(targets: readonly Target[]): Learner[] {
  return targets.flatMap((target) => [
    { name: 'a guess after an echo that is cut off', target, run: (spy: Spy) => atEdges(spy, 'forward') },
    {
      name: 'a guess before an echo whose beginning is cut off',
      target,
      // The vulnerable relay searches for the beginning only.
      canLeak: false,
      run: (spy: Spy) => atEdges(spy, 'backward'),
    },
  ])
}

/** The caller chooses the cut. The visible characters must not add up over several cuts. */
async function atEdges(spy: Spy, direction: Direction): Promise<void> {
  const { alphabet, publicPart, length } = spy.format
  const secret = spy.secretAtTheApi
  for (const { write, separator } of writings(spy.secretAtTheApi)) {
    for (let shown = 44; shown < length - publicPart.length; shown += 5) {
      const echo = direction === 'forward' ? secret.slice(0, publicPart.length + shown) : secret.slice(-shown)
      const look = inABody(spy, separator)
      const claim = (text: string) =>
        spy.claim(direction === 'forward' ? echo.length : length - echo.length - text.length, text)
      // The API shows the echo. The caller writes only the text next to it.
      await readOn(look, { stem: echo, direction, publicPart: '', alphabet }, write, claim, 1)
    }
  }
}
