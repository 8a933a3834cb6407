import { createHash, timingSafeEqual } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'

/**
 * Decides whether a call comes from an administrator: returns true, or the name for
 * the audit list. Returns false or nothing for all other callers.
 */
export type IsAdministrator = (
  request: Request,
) => boolean | string | null | undefined | Promise<boolean | string | null | undefined>

/** The environment variable with the token. */
export const tokenVariable = 'CLIENT_SECRET_ADMIN_TOKEN'

/** Characters. A shorter token is easy to guess. */
export const minToken = 32

/** Accepts callers that send `Authorization: Bearer <token>`. */
export function bearerOf(token: string): IsAdministrator {
  const expected = digest(token)
  return (request) => {
    const sent = /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    // Digests have one length, so the time of the comparison reveals nothing, not even the length of the token.
    return sent !== undefined && timingSafeEqual(digest(sent), expected) && 'administrator (token)'
  }
}

/**
 * Refuses callers who are not administrators.
 *
 * @returns the administrator's name, or `administrator` if it is unknown.
 * @throws ClientSecretError `SIGN_IN_REQUIRED`
 */
export async function admitAdministrator(isAdministrator: IsAdministrator, request: Request): Promise<string> {
  const found: unknown = await isAdministrator(request)
  if (found === true) return 'administrator'
  // No other value counts: an object may be a signed-in user who is not an administrator.
  if (typeof found === 'string' && found !== '') return found
  throw new ClientSecretError(
    'SIGN_IN_REQUIRED',
    `Only an administrator may do this. Send Authorization: Bearer with the token in the relay's ${tokenVariable}, or sign in as an administrator that the relay's option administrator accepts.`,
  )
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
