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

async function nextOf(look: Look, { stem, direction, publicPart, alphabet }: Known, write: Write) {
  const around = (known: string) =>
    [...alphabet].map((character) => write(direction === 'forward' ? known + character : character + known))
  const odd = oddOnes(await look(around(stem)), alphabet)
  if (odd.length === 0) return null
  // What is odd behind something that surely is not the secret's says nothing of the secret.
  const isPrefix = direction === 'forward' && stem.startsWith(publicPart)
  const decoy = (isPrefix ? publicPart : '') + some(Math.max(4, stem.length - publicPart.length), alphabet)
  const oddAnyway = oddOnes(await look(around(decoy)), alphabet)
  return oddAnyway.some((character) => odd.includes(character)) ? null : odd[0]!
}

/** Those few that did not come back as all the others did: one character, perhaps in both letter cases. */
export function oddOnes<Guess extends string>(shapes: readonly string[], guesses: Iterable<Guess>): Guess[] {
  const counts = new Map<string, number>()
  for (const shape of shapes) counts.set(shape, (counts.get(shape) ?? 0) + 1)
  const [usual] = [...counts].reduce((one, other) => (other[1] > one[1] ? other : one))
  const odd = [...guesses].filter((_, index) => shapes[index] !== usual)
  return new Set(odd.map((guess) => guess.toLowerCase())).size === 1 ? odd : []
}

/** What a learner knows at the beginning: what is public. */
export const fromPublicPart = ({ format: { publicPart, alphabet } }: Spy): Known => ({
  stem: publicPart,
  direction: 'forward',
  publicPart,
  alphabet,
})
