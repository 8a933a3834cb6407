import { ClientSecretError } from '../../protocol/errors.ts'
import { hostNameOf } from '../common/host-name.ts'

/**
 * Lets in the pages of our own site and of the origins named in the options.
 * What is no browser sends neither header and is judged by `authenticate` alone.
 */
export function checkOrigin(request: Request, origins: readonly string[]): void {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  if (origin !== null && origins.includes(origin)) return
  if (site === 'same-origin' || site === 'none') return
  if (site === null && (origin === null || isOwnHost(request, origin))) return
  throw new ClientSecretError(
    'ORIGIN_NOT_ALLOWED',
    `Pages of ${origin ?? 'another site'} may not use this relay. If they should, add the origin to its option origins.`,
  )
}

/** Lets in calls of the names under which the relay is reached. Without a list, of any name. */
export function checkHost(request: Request, hosts: readonly string[] | undefined): void {
  const host = request.headers.get('host') ?? new URL(request.url).host
  if (!hosts || hosts.includes(hostNameOf(host) ?? '')) return
  throw new ClientSecretError(
    'ORIGIN_NOT_ALLOWED',
    `The relay was called as ${host}, which is none of its names. If it is one, add the name to its option hosts.`,
  )
}

/** Compared by host alone: behind a proxy that ends TLS the relay does not see the scheme. */
function isOwnHost(request: Request, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === (request.headers.get('host') ?? new URL(request.url).host)
}
