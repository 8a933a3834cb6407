import { placeholder } from '../../protocol/placeholder.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { KeyValue } from '../keys/key.ts'

/** As many as fetch follows would be 20; an API that needs more than this has lost its way. */
export const maxRedirects = 5

/** Whether an answer asks for another call, wherever that may be. */
export function isRedirect(status: number, location: string | undefined): location is string {
  return [301, 302, 303, 307, 308].includes(status) && location !== undefined
}

/**
 * The request that a redirect asks for, or null where it is none that may be
 * followed: it must stay on the same scheme, host and port. Whether the key may
 * go there is for its rules to say. Methods change as in the Fetch standard.
 *
 * @param location As the API wrote it, with the placeholder where the secret stood: see `withPlaceholders`.
 */
export function redirected(
  request: ClientSecretRequest,
  status: number,
  location: string | undefined,
): ClientSecretRequest | null {
  if (!isRedirect(status, location)) return null
  if (!URL.canParse(location, request.url)) return null
  const url = new URL(location, request.url)
  if (url.origin !== new URL(request.url).origin || url.username || url.password) return null
  url.hash = ''
  const becomesGet =
    (status === 303 && request.method !== 'GET' && request.method !== 'HEAD') ||
    ((status === 301 || status === 302) && request.method === 'POST')
  // The parser writes `$` as it is, so the placeholder is still one. Params are in the new url, if they are to be there.
  const next = { ...request, url: url.href, params: undefined }
  return becomesGet ? { ...next, method: 'GET', data: undefined, headers: withoutContent(request.headers) } : next
}

function withoutContent(headers: ClientSecretRequest['headers']): ClientSecretRequest['headers'] {
  return headers && Object.fromEntries(Object.entries(headers).filter(([name]) => !/^content-/i.test(name)))
}

/**
 * A url with the placeholder where exactly the secret stands, as it is or
 * percent-encoded, so that the rules see it and it goes out again where they
 * allow it. Redaction will not do for this: it takes more than the secret, and
 * what is only shaped like one would be filled with it.
 */
export function withPlaceholders(url: string, { secret, named }: Pick<KeyValue, 'secret' | 'named'>): string {
  if (!named) return withPlaceholder(url, secret, placeholder)
  // The longest first: one may hold another.
  const longestFirst = [...named].sort(([, one], [, other]) => other.length - one.length)
  return longestFirst.reduce((rest, [name, value]) => withPlaceholder(rest, value, `${placeholder}.${name}`), url)
}

function withPlaceholder(url: string, secret: string, written: string): string {
  const everyWay = new RegExp([...secret].map(waysToWrite).join(''), 'g')
  return url.replace(everyWay, () => written)
}

/** Values of keys are printable ASCII. */
function waysToWrite(character: string): string {
  const hex = character.charCodeAt(0).toString(16)
  const digits = hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)
  return `(?:\\x${hex}|%${digits}${character === ' ' ? '|\\+' : ''})`
}
