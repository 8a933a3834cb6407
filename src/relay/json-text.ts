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
