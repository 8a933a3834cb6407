import { hash } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'
import type { Caller } from '../common/caller.ts'
import type { IsAdministrator } from './administrator.ts'

/** Who is asking: the id by which your site knows a signed-in user. */
export type Identity = string | { id: string }

/** Finds who is signed in; null for nobody. */
export type Authenticate = (request: Request) => Identity | null | undefined | Promise<Identity | null | undefined>

interface IdentifySettings {
  authenticate: Authenticate
  administratorByToken: IsAdministrator | undefined
  /** How many proxies before the relay are trusted. */
  trustProxy: number
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
  { authenticate, administratorByToken, trustProxy }: IdentifySettings,
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
