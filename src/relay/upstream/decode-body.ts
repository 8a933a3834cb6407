import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, type Gunzip } from 'node:zlib'
import { ClientSecretError } from '../../protocol/errors.ts'
import { createZstdDecoder } from './zstd.ts'

/** An answer's body while it comes. */
export interface Body {
  add(chunk: Buffer): void
  end(): void
  /** Nobody wants it any more. */
  discard(reason: unknown): void
}

/** What a body comes through. */
export interface Flow {
  pause(): unknown
  resume(): unknown
}

/** What is done with a decoded body. */
interface Taker {
  keep: (chunk: Buffer) => void
  finish: () => void
  fail: (reason: unknown) => void
}

const decoders = new Map<string, () => (Transform & Pick<Gunzip, 'bytesWritten'>) | undefined>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecoder],
])

/**
 * Decodes a body, so that it can be looked through. Some servers compress what they were asked not to.
 *
 * @throws ClientSecretError `UPSTREAM_ERROR` for an encoding that cannot be decoded.
 */
export function decodeBody(encoding: string, connection: Flow, taker: Taker): Body & { flows: readonly Flow[] } {
  const { keep, finish, fail } = taker
  const name = encoding.trim().toLowerCase() || 'identity'
  if (name === 'identity') return { flows: [connection], add: keep, end: finish, discard: () => {} }

  const decoder = decoders.get(name)?.()
  if (!decoder) throw undecodable(name)
  let received = 0
  let isReceived = false
  /** When there is nothing more to decode, and nothing more to come. */
  const finishInTheEnd = () => {
    if (!decoder.readableEnded || !isReceived) return
    // Node decodes only the first of several frames, and the rest would be lost without a word.
    if (name === 'zstd' && decoder.bytesWritten < received) fail(undecodable('zstd of several frames'))
    else finish()
  }
  decoder.on('data', keep).on('end', finishInTheEnd).on('error', fail)
  decoder.on('drain', () => connection.resume())
  return {
    flows: [connection, decoder],
    add(chunk) {
      received += chunk.length
      if (!decoder.write(chunk)) connection.pause()
    },
    end() {
      isReceived = true
      decoder.end()
      finishInTheEnd()
    },
    discard: () => void decoder.destroy(),
  }
}

function undecodable(encoding: string): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    `The API's answer is encoded as ${encoding}, which the relay cannot look through, so it does not pass it on.`,
  )
}
