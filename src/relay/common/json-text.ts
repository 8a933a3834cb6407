import { setImmediate as nextTurn } from 'node:timers/promises'
import type { UpstreamResponse } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'

const texts = new WeakMap<object, string>()

/** Characters that are written or encoded in one go, which takes a millisecond at most. */
export const pieceLength = 65_536

/**
 * JSON of a request or a response, which are never changed once they are made.
 * They may be large, and go to the caller, into the records and into what tells
 * two requests apart; so each is written once.
 */
export function jsonText(value: ClientSecretRequest | UpstreamResponse): string {
  let text = texts.get(value)
  if (text === undefined) texts.set(value, (text = JSON.stringify(value)))
  return text
}

/** Writes the JSON of a large response bit by bit, so that `jsonText` has it at hand and nobody waits for it. */
export async function writeJsonText(response: UpstreamResponse): Promise<void> {
  const { body, ...rest } = response
  if (body.length <= pieceLength) return
  const written = [`${JSON.stringify(rest).slice(0, -1)},"body":"`]
  for (const piece of pieces([body])) {
    await nextTurn()
    written.push(JSON.stringify(piece).slice(1, -1))
  }
  await nextTurn()
  texts.set(response, [...written, '"}'].join(''))
  await nextTurn()
}

/** Cuts texts into pieces, and no character of two code units in two. */
export function* pieces(texts: readonly string[]): Generator<string, undefined> {
  for (const text of texts)
    for (let from = 0, to; from < text.length; from = to) {
      to = from + pieceLength
      const last = text.charCodeAt(to - 1)
      if (last >= 0xd800 && last < 0xdc00) to += 1
      yield text.slice(from, to)
    }
}

/** Bytes that a value takes: the smallest object takes thirty times what is written of it. */
const bytesOfValue = 48

/** About how many bytes the values of this JSON take, beside its text. */
export function sizeOfValues(text: string): number {
  let values = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // , [ and {: each begins a value. Those that stand in a text are few.
    if (code === 0x2c || code === 0x5b || code === 0x7b) values++
  }
  return values * bytesOfValue
}
