import type { UpstreamResponse } from '../protocol/record.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'

const texts = new WeakMap<object, string>()

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
