import { createHash, timingSafeEqual } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'

/**
 * Says whether a call comes from whoever runs the relay: true, or the name under
 * which what they do is written down; false, or nothing, for everybody else.
 */
export type IsAdministrator = (
  request: Request,
) => boolean | string | null | undefined | Promise<boolean | string | null | undefined>

/** The environment variable with the token. */
export const tokenVariable = 'CLIENT_SECRET_ADMIN_TOKEN'

/** A shorter one could be guessed. */
export const shortestToken = 32

/** Lets in whoever sends `Authorization: Bearer <token>`. */
export function bearerOf(token: string): IsAdministrator {
  const expected = digest(token)
  return (request) => {
    const sent = /^bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
    // Digests are of one length, so the time to compare them tells nothing, not even how long the token is.
    return sent !== undefined && timingSafeEqual(digest(sent), expected) && 'administrator (token)'
  }
}

/**
 * Lets in administrators alone.
 *
 * @returns the administrator's name, as far as it is known.
 * @throws ClientSecretError `SIGN_IN_REQUIRED`
 */
export async function admitAdministrator(isAdministrator: IsAdministrator, request: Request): Promise<string> {
  const found: unknown = await isAdministrator(request)
  if (found === true) return 'administrator'
  // Nothing else is taken for a yes: an object may be somebody who is signed in and no administrator.
  if (typeof found === 'string' && found !== '') return found
  throw new ClientSecretError(
    'SIGN_IN_REQUIRED',
    `Only an administrator may do this. Send Authorization: Bearer with the token in the relay's ${tokenVariable}, or sign in as one that its option administrator knows.`,
  )
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
