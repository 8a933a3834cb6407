import { setImmediate as nextTurn } from 'node:timers/promises'
import { inJson } from './in-json.ts'
import type { UpstreamResponse } from '../../protocol/record.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'

const texts = new WeakMap<object, string>()

/** Characters to write or encode at once, in a millisecond at most. */
export const pieceLength = 65_536

/**
 * The JSON of a request or a response. They never change, may be large, and are needed as JSON several times: for the
 * caller, the record, and the fingerprint. So each is written once.
 */
export function jsonText(value: ClientSecretRequest | UpstreamResponse): string {
  let text = texts.get(value)
  if (text === undefined) texts.set(value, (text = JSON.stringify(value)))
  return text
}

/** Writes the JSON of a large response in pieces, so that other requests do not wait; `jsonText` then has it ready. */
export async function writeJsonText(response: UpstreamResponse): Promise<void> {
  const { body, ...rest } = response
  if (body.length <= pieceLength) return
  const written = [`${JSON.stringify(rest).slice(0, -1)},"body":"`]
  for (const piece of pieces([body])) {
    await nextTurn()
    written.push(inJson(piece))
  }
  await nextTurn()
  texts.set(response, [...written, '"}'].join(''))
  await nextTurn()
}

/** Cuts texts into pieces, never inside a surrogate pair. */
export function* pieces(texts: readonly string[]): Generator<string, undefined> {
  for (const text of texts)
    for (let from = 0, to; from < text.length; from = to) {
      to = from + pieceLength
      const last = text.charCodeAt(to - 1)
      if (last >= 0xd800 && last < 0xdc00) to += 1
      yield text.slice(from, to)
    }
}

/** Bytes of a parsed value: the smallest object takes thirty times its text. */
const bytesOfValue = 48

/** The approximate bytes of the parsed values of this JSON, without its text. */
export function sizeOfValues(text: string): number {
  let values = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // , [ and {: each begins a value. The few inside strings do not matter.
    if (code === 0x2c || code === 0x5b || code === 0x7b) values++
  }
  return values * bytesOfValue
}
