import { hash } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'
import type { Settings } from '../options.ts'

/** Who is asking the relay. */
export interface Caller {
  /** Whose records these are. */
  owner: string
  /** Where the call comes from, as far as the proxies that are trusted say so. */
  address?: string | undefined
}

/** Characters of what a visitor is known by. */
const minSessionLength = 22
const maxSessionLength = 255

/**
 * Says who is asking: the administrator, by the token; the user that
 * `authenticate` finds; else an anonymous visitor, known by a random session of
 * the client's that only it has.
 */
export async function identify(
  request: Request,
  {
    authenticate,
    administratorByToken,
    trustProxy,
  }: Pick<Settings, 'authenticate' | 'administratorByToken' | 'trustProxy'>,
): Promise<Caller> {
  // Before authenticate, which may ask another server about a bearer. The option
  // administrator is not asked: it knows users of the site, and so does authenticate.
  const administrator = await administratorByToken?.(request)
  if (administrator) return { owner: `administrator:${administrator}` }
  const user = userOf(await authenticate(request))
  if (user !== null) return { owner: `user:${user}` }
  const session = request.headers.get('client-session')
  if (!session || session.length < minSessionLength || session.length > maxSessionLength) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `A caller who is not signed in needs a Client-Session header: a random text of ${minSessionLength} to ${maxSessionLength} characters, kept for as long as its requests matter. createClient sends one.`,
      { path: 'headers.client-session' },
    )
  }
  // Hashed, so that whoever reads the database cannot act as the visitor.
  const owner = `visitor:${hash('sha256', session, 'base64url')}`
  return { owner, address: trustProxy > 0 ? forwardedFor(request, trustProxy) : undefined }
}

/**
 * The id of who is signed in, null for nobody; an empty text is nobody too, as a header gives it that a caller left
 * empty. Whatever else `authenticate` gives is a mistake in it: two users could become one.
 */
function userOf(identity: unknown): string | null {
  if (identity === null || identity === undefined || identity === '') return null
  const id: unknown = typeof identity === 'object' ? Reflect.get(identity, 'id') : identity
  if (typeof id === 'string' && id !== '') return id
  throw new Error(
    "The option authenticate gave something that is no user. Return the user's id, a text; or an object with such an id; or null for nobody.",
  )
}

/** Each proxy adds, at the end, where it was called from; what stands before the entries of ours is the caller's word. */
function forwardedFor(request: Request, proxies: number): string {
  const entries = request.headers.get('x-forwarded-for')?.split(',') ?? []
  // Whoever came past the proxies shares one address with all who did.
  const entry = entries.at(-proxies)?.trim() ?? 'unknown'
  // Some proxies write the port too, which is another one with every connection.
  return /^\[(.+)\](:\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
}

/** True for records of somebody who was not signed in. */
export function isVisitor(owner: string): boolean {
  return owner.startsWith('visitor:')
}

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

/** The name in a Host header, without the port. */
export function hostNameOf(host: string): string | undefined {
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : undefined
}

/** Compared by host alone: behind a proxy that ends TLS the relay does not see the scheme. */
function isOwnHost(request: Request, origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === (request.headers.get('host') ?? new URL(request.url).host)
}
