import { ClientSecretError } from '../../protocol/errors.ts'
import { hostNameOf } from '../common/host-name.ts'

/**
 * Admits pages of the relay's own site and of the origins in the options. Other
 * programs than browsers send neither header; only `authenticate` checks them.
 */
export function checkOrigin(request: Request, origins: readonly string[]): void {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  if (origin !== null && origins.includes(origin)) return
  if (site === 'same-origin' || site === 'none') return
  if (site === null && (origin === null || isOwnHost(request, origin))) return
  throw new ClientSecretError(
    'ORIGIN_NOT_ALLOWED',
    `Pages of ${origin ?? 'another site'} may not use this relay. To allow them, add the origin to its option origins.`,
  )
}

/** Admits calls to the host names of the relay. Without a list, to any name. */
export function checkHost(request: Request, hosts: readonly string[] | undefined): void {
  const host = request.headers.get('host') ?? new URL(request.url).host
  if (!hosts || hosts.includes(hostNameOf(host) ?? '')) return
  throw new ClientSecretError(
    'ORIGIN_NOT_ALLOWED',
    `The call names the host ${host}, which is not in the relay's option hosts. If the relay has this name, add it there.`,
  )
}

/** Compares hosts only: behind a proxy that ends TLS, the relay does not see the scheme. */
function isOwnHost(request: Request, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === (request.headers.get('host') ?? new URL(request.url).host)
}
