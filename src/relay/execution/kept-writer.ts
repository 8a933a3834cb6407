import { ClientSecretError } from '../../protocol/errors.ts'
import type { PubSub } from '../database/pub-sub.ts'
import { streamOf, type StreamPieces } from '../database/stream-pieces.ts'
import type { AnswerHead, RawCall } from '../upstream/stream-answer.ts'

export interface KeptStreamDeps {
  pieces: StreamPieces
  pubSub: PubSub
  /** Maximum bytes of a kept stream. */
  maxKept: number
}

/** Writes a stream into the database before its readers get it. */
export interface KeptWriter {
  /** Resolves when the head is written. */
  begin(head: AnswerHead): Promise<void>
  write(chunk: Buffer): Promise<void>
  /** Resolves when everything is written. */
  flush: () => Promise<void>
}

/** Bytes that may wait for the database. Beyond this, the API waits too. */
const maxWaiting = 262_144

/**
 * While one write is in progress, the next bytes gather, and are written together.
 *
 * @param id The id of the record, once it is known.
 * @param deliver Takes the bytes that are written.
 */
export function createKeptWriter(
  { pieces, pubSub, maxKept }: KeptStreamDeps,
  id: Promise<string>,
  deliver: (bytes: Buffer) => void,
): KeptWriter {
  let waiting: Buffer[] = []
  let size = 0
  let position = 0
  let isWriting = false
  let writing = Promise.resolve()
  let failure: { cause: unknown } | undefined

  async function writeAll(known: string): Promise<void> {
    while (waiting.length > 0) {
      const bytes = Buffer.concat(waiting)
      waiting = []
      size = 0
      await pieces.append(known, position, bytes)
      position += bytes.length
      deliver(bytes)
      pubSub.publish(streamOf(known))
    }
    isWriting = false
  }

  /** A failed write fails all later ones. */
  function write(): void {
    if (isWriting) return
    isWriting = true
    writing = writing.then(async () => writeAll(await id))
    writing.catch((cause: unknown) => (failure = { cause }))
  }

  return {
    begin(head) {
      writing = writing.then(async () => {
        const known = await id
        await pieces.begin(known, JSON.stringify(head))
        pubSub.publish(streamOf(known))
      })
      writing.catch(() => {})
      return writing
    },

    async write(chunk) {
      // The call ends at once: its record may be gone.
      if (failure) throw failure.cause
      waiting.push(chunk)
      size += chunk.length
      if (position + size > maxKept) throw tooLarge(maxKept)
      write()
      if (size > maxWaiting) await writing
    },

    flush: () => writing,
  }
}

/** The call of a background request whose answer is kept. All its readers read the bytes from the database. */
export function keptCall(deps: KeptStreamDeps, id: string): RawCall {
  const writer = createKeptWriter(deps, Promise.resolve(id), () => {})
  return {
    body: null,
    reader: {
      redirect: 'follow',
      isKept: true,
      // The next write has its error.
      begin: (head) => void writer.begin(head).catch(() => {}),
      write: (chunk) => writer.write(chunk),
      flush: writer.flush,
    },
  }
}

function tooLarge(limit: number): ClientSecretError {
  return new ClientSecretError(
    'RESPONSE_TOO_LARGE',
    `The API's answer is larger than ${limit} bytes, the relay's limit for a kept stream (limits.responseBytes). Leave keep out, or raise the limit.`,
  )
}
