import type { HttpAnswer } from '../raw-http.ts'
import type { Target } from '../target.ts'
import type { Learner } from './learner.ts'
import type { Spy } from './spy.ts'

/** Visible characters of an echo cut off at one end, at most, as on the page Security model. */
const mayStayOfOneCut = 19
/** The same for an echo cut off at both ends. */
const mayStayOfTwoCuts = 40

/** Cuts off the true secret at growing lengths, and counts the characters that pass in total. */
export function cutEchoes(targets: readonly Target[]): Learner[] {
  // One target per secret.
  const kinds = [...new Map(targets.map((target) => [target.canary, target])).values()]
  return kinds.flatMap((target) => {
    const { publicPart } = target.format
    const middle = Math.floor((publicPart.length + target.canary.length) / 2)
    const cut = (name: string, mayLearn: number, cutAt: (length: number) => [number, number]): Learner => ({
      name: `an echo cut off ${name}`,
      target,
      mayLearn,
      // The vulnerable relay also misses parts that are too short for its search.
      canLeak: false,
      run: (spy) => grow(spy, cutAt),
    })
    return [
      cut('at its end', mayStayOfOneCut, (length) => [0, publicPart.length + length]),
      cut('at its beginning', mayStayOfOneCut, (length) => [-length, Infinity]),
      cut('at both ends, in the middle', mayStayOfTwoCuts, (length) => [
        middle - Math.ceil(length / 2),
        middle + Math.floor(length / 2),
      ]),
    ]
  })
}

/** Answers in which APIs show cut-off text. */
const shown: ((text: string) => HttpAnswer)[] = [
  (text) => ({ body: JSON.stringify({ message: `Incorrect API key provided: ${text}…` }) }),
  (text) => ({ headers: { 'content-type': 'text/plain' }, body: `key=${text}` }),
  (text) => ({ headers: { 'content-type': 'text/plain' }, body: Buffer.from(`Bearer ${text}`).toString('base64') }),
  (text) => ({ headers: { 'x-echo': encodeURIComponent(text) } }),
  (text) => ({ status: 401, body: JSON.stringify({ error: { message: `…${text}...` } }) }),
]

async function grow(spy: Spy, cutAt: (length: number) => [number, number]): Promise<void> {
  const secret = spy.secretAtTheApi
  for (const show of shown) {
    for (let length = 1; length <= secret.length - spy.format.publicPart.length; length += length < 44 ? 1 : 9) {
      const [from, to] = cutAt(length)
      const start = from < 0 ? Math.max(0, secret.length + from) : from
      const echo = secret.slice(start, to)
      const { text, error, headers } = await spy.ask({ answer: () => show(echo) })
      const decoded = Buffer.from(text, 'base64').toString('latin1')
      const everything = [text, error, decoded, decodeURIComponent(headers['x-echo'] ?? '')].join('\n')
      // The attacker chose the cut, so it knows the position of each visible piece.
      for (const [at, piece] of piecesOf(echo, everything)) spy.claim(start + at, piece)
    }
  }
}

/** Shorter pieces occur in any text. */
const minPiece = 4

/** The pieces of an echo that are visible in a text. */
function piecesOf(echo: string, text: string): [at: number, piece: string][] {
  const pieces: [number, string][] = []
  for (let at = 0; at + minPiece <= echo.length;) {
    let length = 0
    while (at + length < echo.length && text.includes(echo.slice(at, at + length + 1))) length++
    if (length >= minPiece) pieces.push([at, echo.slice(at, at + length)])
    at += Math.max(1, length)
  }
  return pieces
}
