import { placeholder } from '../../protocol/placeholder.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import type { KeyValue } from '../keys/key.ts'

/** A browser's fetch follows 20. An API that needs more than 5 is in a loop. */
export const maxRedirects = 5

/** Whether an answer redirects, to any url. */
export function isRedirect(status: number, location: string | undefined): location is string {
  return [301, 302, 303, 307, 308].includes(status) && location !== undefined
}

/**
 * The request that a redirect asks for. Null if the relay may not follow it: scheme,
 * host and port must stay the same. The caller checks the key's rules. Methods
 * change as in the Fetch standard.
 *
 * @param location As the API wrote it, with the placeholder in place of the secret: see `withPlaceholders`.
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
  // The parser keeps `$`, so the placeholder survives. The new url contains the params, if the API wants them.
  const next = { ...request, url: url.href, params: undefined }
  return becomesGet ? { ...next, method: 'GET', data: undefined, headers: withoutContent(request.headers) } : next
}

function withoutContent(headers: ClientSecretRequest['headers']): ClientSecretRequest['headers'] {
  return headers && Object.fromEntries(Object.entries(headers).filter(([name]) => !/^content-/i.test(name)))
}

/**
 * Replaces the secret in a url, plain or percent-encoded, with the placeholder. The
 * rules then see it, and allow it or not. Redaction does not work here: it removes
 * more than the secret, and text that only resembles the secret would become it.
 */
export function withPlaceholders(url: string, { secret, named }: Pick<KeyValue, 'secret' | 'named'>): string {
  if (!named) return withPlaceholder(url, secret, placeholder)
  // The longest first, because one value may contain another.
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
