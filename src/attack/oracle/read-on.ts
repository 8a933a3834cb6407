import { some } from '../canary.ts'
import type { Spy } from './spy.ts'

/**
 * How texts come back, each by its shape: what of it was taken, and how long
 * what stays is. Two texts of one length that say different things by their
 * shapes have told something.
 */
export type Look = (texts: string[]) => Promise<string[]>

/** Writes a piece of a secret, or what might be one. Texts of one length are written in one length. */
export type Write = (text: string) => string

const placeholder = '$CLIENT_SECRET'

export const shapeOf = (text: string): string =>
  text
    .split(placeholder)
    .map(({ length }) => length)
    .join('#')

export type Direction = 'forward' | 'backward'

export interface Known {
  /** Characters of the secret, next to those that are wanted. */
  stem: string
  direction: Direction
  /** What all stems of this kind have in common, which is public. */
  publicPart: string
  alphabet: string
}

/**
 * The characters behind (or before) what is known, one after the other, for as
 * long as each tells itself apart from all that it might have been. Claims what it
 * reads as it goes, because a budget may end in the middle.
 */
export async function readOn(
  look: Look,
  known: Known,
  write: Write,
  claimed: (read: string) => void,
  most = Infinity,
): Promise<string> {
  const isForward = known.direction === 'forward'
  let read = ''
  while (read.length < most) {
    const stem = isForward ? known.stem + read : read + known.stem
    const next = await nextOf(look, { ...known, stem }, write)
    if (next === null) break
    read = isForward ? read + next : next + read
    claimed(read)
  }
  return read
}

/** Where a form mixes the bits of neighbours, a few characters look alike until more of what follows is right. */
const furthest = 3
const maxAlike = 16

async function nextOf(look: Look, known: Known, write: Write): Promise<string | null> {
  const { stem, direction, publicPart, alphabet } = known
  const around = (piece: string, guesses: readonly string[]) =>
    guesses.map((guess) => write(direction === 'forward' ? piece + guess : guess + piece))
  // In a new order each time, so that it is the guess that tells and not its place.
  const ask = async (piece: string, guesses: readonly string[]) => {
    const shuffled = [...guesses].sort(() => Math.random() - 0.5)
    return oddOnes(await look(around(piece, shuffled)), shuffled)
  }

  let guesses = [...alphabet]
  for (let length = 1; length <= furthest; length++) {
    const odd = await ask(stem, guesses)
    if (odd.length === 0 || odd.length > maxAlike) return null
    const nearest = new Set(odd.map((guess) => guess.at(direction === 'forward' ? 0 : -1)!.toLowerCase()))
    if (nearest.size > 1) {
      guesses = odd.flatMap((guess) =>
        [...alphabet].map((one) => (direction === 'forward' ? guess + one : one + guess)),
      )
      continue
    }
    const again = await ask(stem, guesses)
    if (!again.some((guess) => odd.includes(guess))) return null
    // What is odd behind something that surely is not the secret's says nothing of the secret.
    const isPrefix = direction === 'forward' && stem.startsWith(publicPart)
    const decoy = (isPrefix ? publicPart : '') + some(Math.max(4, stem.length - publicPart.length), alphabet)
    const oddAnyway = await ask(decoy, guesses)
    return oddAnyway.some((guess) => odd.includes(guess)) ? null : odd[0]!.at(direction === 'forward' ? 0 : -1)!
  }
  return null
}

/** Those few that did not come back as most did; none where most did not come back alike. */
function oddOnes(shapes: readonly string[], guesses: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1)
  const [usual] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one))
  const odd = guesses.filter((_, index) => shapes[index] !== usual)
  return odd.length < guesses.length / 2 ? odd : []
}

/** What a learner knows at the beginning: what is public. */
export const fromPublicPart = ({ format: { publicPart, alphabet } }: Spy): Known => ({
  stem: publicPart,
  direction: 'forward',
  publicPart,
  alphabet,
})
