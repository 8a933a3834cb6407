import type { ClientSecretError } from '../../protocol/errors.ts'
import { invalid } from '../../protocol/invalid-parameter.ts'
import { placeholder } from '../../protocol/placeholder.ts'
import type { ClientSecretRequest } from '../../protocol/request.ts'
import { refuseFormOverride } from './method-override.ts'

/** Looks at the pieces of a raw body, in their order. */
export type CheckPiece = (piece: Uint8Array) => void

/** Bytes of a piece that the search repeats with the next one. Longer than all that it looks for. */
const overlap = 512

/**
 * A raw body passes as it is: it has no placeholder, and a form in it has no field that changes the method.
 *
 * @param path The field of the body, for the error.
 * @returns A check, which throws ClientSecretError `INVALID_PARAMETER`.
 */
export function rawBodyCheck(headers: ClientSecretRequest['headers'], path: 'body' | 'data'): CheckPiece {
  let before = Buffer.alloc(0)
  return (piece) => {
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
    // Where two pieces meet, and then the piece itself: joining them all would copy each upload.
    for (const text of before.length > 0 ? [Buffer.concat([before, bytes.subarray(0, overlap)]), bytes] : [bytes]) {
      if (text.includes(placeholder)) throw placeholderInBody(path)
      refuseFormOverride(headers, text, path)
    }
    const joined = bytes.length < overlap ? Buffer.concat([before, bytes]) : bytes
    before = Buffer.from(joined.subarray(-overlap))
  }
}

export function placeholderInBody(path: 'body' | 'data'): ClientSecretError {
  return invalid(
    path,
    `The body contains ${placeholder}, but its content type is not JSON. The relay inserts a key into headers, params, the url, JSON and the fields of a form only, and never into a file or raw bytes. Move it there.`,
  )
}
