import { createHash, timingSafeEqual } from 'node:crypto'

/** Says whether a call comes from whoever runs the relay. */
export type IsAdministrator = (request: Request) => boolean | Promise<boolean>

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
    return sent !== undefined && timingSafeEqual(digest(sent), expected)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
