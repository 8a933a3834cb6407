import { ClientSecretError } from '../../protocol/errors.ts'
import { shareTurn } from '../common/share-turn.ts'
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

/** Bytes. */
const smallPiece = 4_096
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
  /** Of a piece that is on its way already. */
  let ahead: Promise<Uint8Array | undefined> | undefined

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

  /** The next pieces together, if they are small and have arrived: each piece costs work that a byte does not pay for. */
  async function gathered(): Promise<Uint8Array | undefined> {
    const first = await take()
    if (!first || first.length >= smallPiece) return first
    const pieces = [first]
    let bytes = first.length
    const turn = new Promise<null>((resolve) => setImmediate(() => resolve(null)))
    while (bytes < smallPiece) {
      ahead = next()
      // It throws when it is taken.
      ahead.catch(() => {})
      const piece = await Promise.race([ahead, turn])
      if (!piece) break
      ahead = undefined
      bytes += piece.length
      pieces.push(piece)
    }
    return Buffer.concat(pieces)
  }

  function take(): Promise<Uint8Array | undefined> {
    const taken = ahead ?? next()
    ahead = undefined
    return taken
  }

  async function discard(): Promise<void> {
    if (state !== 'unread' && state !== 'left') return
    state = 'reading'
    // A caller that sends nothing more has to wait for its answer no longer.
    const timer = setTimeout(() => void reader.cancel().catch(() => {}), maxDiscarding).unref()
    try {
      while (await next()) await shareTurn()
    } catch {
      // The caller has disconnected, or sends too much.
    }
    clearTimeout(timer)
    state = 'over'
  }

  const upload: Upload = {
    size: announcedSize(headers) ?? undefined,
    check: () => {},
    discard,
    async *[Symbol.asyncIterator]() {
      state = 'reading'
      try {
        for (let piece = await gathered(); piece; piece = await gathered()) {
          await shareTurn()
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
