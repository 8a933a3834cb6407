import { ClientSecretError } from '../../protocol/errors.ts'
import type { CheckPiece } from '../keys/raw-body-check.ts'
import type { UploadStream } from '../upstream/raw-body.ts'
import { announcedSize, uploadTooLarge } from './json-body.ts'

/** The body of a call that passes through the relay. */
export interface Upload extends UploadStream {
  /** Looks at each piece before it leaves the relay. */
  check: CheckPiece
  /**
   * Reads what the API did not get, for a while: browsers lose an answer that arrives before the end of their upload.
   * Does nothing while the API still reads.
   */
  discard(): Promise<void>
}

/** Milliseconds in which the relay reads the rest of a refused upload. */
const maxDiscarding = 30_000

/**
 * Passes a body on as it arrives. The caller waits for the API: at most a few pieces are in memory.
 *
 * @throws ClientSecretError from the iteration: `REQUEST_TOO_LARGE`, `INTERRUPTED` if the caller disconnects, and what
 *   `check` throws.
 */
export function openUpload({ body, headers }: Request, maxSize: number): Upload {
  const reader = body!.getReader()
  let state: 'unread' | 'reading' | 'left' | 'over' = 'unread'
  let size = 0

  async function next(): Promise<Uint8Array | undefined> {
    const { value } = await reader.read().catch((cause: unknown) => {
      state = 'over'
      throw brokenOff(cause)
    })
    if (!value) state = 'over'
    size += value?.length ?? 0
    if (size > maxSize) throw uploadTooLarge(maxSize)
    return value
  }

  async function discard(): Promise<void> {
    if (state !== 'unread' && state !== 'left') return
    state = 'reading'
    const until = Date.now() + maxDiscarding
    try {
      while (Date.now() < until && (await next()));
    } catch {
      // The caller has disconnected, or sends too much.
    }
    state = 'over'
  }

  const upload: Upload = {
    size: announcedSize(headers) ?? undefined,
    check: () => {},
    discard,
    async *[Symbol.asyncIterator]() {
      state = 'reading'
      try {
        for (let piece = await next(); piece; piece = await next()) {
          upload.check(piece)
          yield piece
        }
      } finally {
        // The API has answered before it has the whole body, or the relay refuses a piece.
        if (state === 'reading') {
          state = 'left'
          void discard()
        }
      }
    },
  }
  return upload
}

/** Reads the rest of a body that the relay refused. */
export async function discardUpload(body: Uint8Array | Upload | null): Promise<void> {
  if (body !== null && 'discard' in body) await body.discard()
}

function brokenOff(cause: unknown): ClientSecretError {
  return new ClientSecretError(
    'INTERRUPTED',
    'The connection of the caller broke off during the upload, so the API got an incomplete body. Send the request again.',
    { cause },
  )
}
