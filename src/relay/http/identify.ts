import { hash } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'
import type { Caller } from '../common/caller.ts'
import type { IsAdministrator } from './administrator.ts'

/** A signed-in user: your site's id of the user, or an object with that id. */
export type Identity = string | { id: string }

/** Returns the signed-in user, or null. */
export type Authenticate = (request: Request) => Identity | null | undefined | Promise<Identity | null | undefined>

interface IdentifySettings {
  authenticate: Authenticate
  administratorByToken: IsAdministrator | undefined
  /** The number of trusted proxies in front of the relay. */
  trustProxy: number
}

/** Characters of a visitor's session. */
const minSessionLength = 22
const maxSessionLength = 255

/**
 * Identifies the caller: the administrator, by the token; the user that `authenticate`
 * returns; or else an anonymous visitor, by the random session that only its client
 * knows.
 */
export async function identify(
  request: Request,
  { authenticate, administratorByToken, trustProxy }: IdentifySettings,
): Promise<Caller> {
  // Before authenticate, which may send the token to another server. The option
  // administrator is not called: it identifies users of the site, as authenticate does.
  const administrator = await administratorByToken?.(request)
  if (administrator) return { owner: `administrator:${administrator}` }
  const user = userOf(await authenticate(request))
  if (user !== null) return { owner: `user:${user}` }
  const session = request.headers.get('client-session')
  if (!session || session.length < minSessionLength || session.length > maxSessionLength) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `A caller who is not signed in needs a Client-Session header: a random text of ${minSessionLength} to ${maxSessionLength} characters, the same for all its requests. createClient sends one.`,
      { path: 'headers.client-session' },
    )
  }
  // Hashed, so that a reader of the database cannot act as the visitor.
  const owner = `visitor:${hash('sha256', session, 'base64url')}`
  return { owner, address: trustProxy > 0 ? forwardedFor(request, trustProxy) : undefined }
}

/**
 * The id of the signed-in user, or null. An empty text counts as null, because an empty header gives one. Any other
 * value is a mistake in `authenticate`, which could make two users one.
 */
function userOf(identity: unknown): string | null {
  if (identity === null || identity === undefined || identity === '') return null
  const id: unknown = typeof identity === 'object' ? Reflect.get(identity, 'id') : identity
  if (typeof id === 'string' && id !== '') return id
  throw new Error(
    "The option authenticate returned a value that is not a user. Return the user's id as a text, an object with such an id, or null if no user is signed in.",
  )
}

/** Each proxy appends the address of its caller. Entries before those of our proxies are unverified. */
function forwardedFor(request: Request, proxies: number): string {
  const entries = request.headers.get('x-forwarded-for')?.split(',') ?? []
  // Callers that bypass the proxies all share one address.
  const entry = entries.at(-proxies)?.trim() ?? 'unknown'
  // Some proxies add the port, which differs for every connection.
  return /^\[(.+)\](:\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
}
