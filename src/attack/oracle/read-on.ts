import { some } from '../canary.ts'
import type { Spy } from './spy.ts'

/**
 * Sends texts through the relay and returns the shape of each: where redaction
 * removed something, and the lengths of the rest. Texts of one length with
 * different shapes reveal something.
 */
export type Look = (texts: string[]) => Promise<string[]>

/** Encodes a guess. Guesses of one length have encodings of one length. */
export type Write = (text: string) => string

const placeholder = '$CLIENT_SECRET'

export const shapeOf = (text: string): string =>
  text
    .split(placeholder)
    .map(({ length }) => length)
    .join('#')

export type Direction = 'forward' | 'backward'

export interface Known {
  /** Known characters, adjacent to the unknown ones. */
  stem: string
  direction: Direction
  /** The public part that all secrets of this format share. */
  publicPart: string
  alphabet: string
}

/**
 * Reads the characters after (or before) the known ones, one after the other, while
 * the shape of one guess differs from all others. Claims each character
 * immediately, because the budget may end at any time.
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

/** In encodings that mix the bits of neighbours, a few guesses look alike until the next characters are right too. */
const furthest = 3
const maxAlike = 16

async function nextOf(look: Look, known: Known, write: Write): Promise<string | null> {
  const { stem, direction, publicPart, alphabet } = known
  const around = (piece: string, guesses: readonly string[]) =>
    guesses.map((guess) => write(direction === 'forward' ? piece + guess : guess + piece))
  // Shuffled, so that the position of a guess has no effect.
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
    // A guess that is also odd after a random stem reveals nothing about the secret.
    const isPrefix = direction === 'forward' && stem.startsWith(publicPart)
    const decoy = (isPrefix ? publicPart : '') + some(Math.max(4, stem.length - publicPart.length), alphabet)
    const oddAnyway = await ask(decoy, guesses)
    return oddAnyway.some((guess) => odd.includes(guess)) ? null : odd[0]!.at(direction === 'forward' ? 0 : -1)!
  }
  return null
}

/** The guesses whose shape differs from the most common one. None if they are not a minority. */
function oddOnes(shapes: readonly string[], guesses: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1)
  const [usual] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one))
  const odd = guesses.filter((_, index) => shapes[index] !== usual)
  return odd.length < guesses.length / 2 ? odd : []
}

/** The knowledge of a learner at the start: the public part. */
export const fromPublicPart = ({ format: { publicPart, alphabet } }: Spy): Known => ({
  stem: publicPart,
  direction: 'forward',
  publicPart,
  alphabet,
})
