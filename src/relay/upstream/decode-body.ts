import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, type Gunzip } from 'node:zlib'
import { ClientSecretError } from '../../protocol/errors.ts'
import { createZstdDecoder } from './zstd.ts'

/** The body of an answer while it arrives. */
export interface Body {
  add(chunk: Buffer): void
  end(): void
  /** Ends the body early, when no reader needs it. */
  discard(reason: unknown): void
}

/** A stream that a body flows through. */
export interface Flow {
  pause(): unknown
  resume(): unknown
}

/** The callbacks for a decoded body. */
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
 * Decodes a body, so that the relay can search it for secrets. Some servers compress although the relay asks them not to.
 *
 * @throws ClientSecretError `UPSTREAM_ERROR` for an unknown encoding.
 */
export function decodeBody(encoding: string, connection: Flow, taker: Taker): Body & { flows: readonly Flow[] } {
  const { keep, finish, fail } = taker
  const name = encoding.trim().toLowerCase() || 'identity'
  if (name === 'identity') return { flows: [connection], add: keep, end: finish, discard: () => {} }

  const decoder = decoders.get(name)?.()
  if (!decoder) throw undecodable(name)
  let received = 0
  let isReceived = false
  /** Finishes once all bytes have arrived and are decoded. */
  const finishInTheEnd = () => {
    if (!decoder.readableEnded || !isReceived) return
    // Node decodes only the first of several frames and silently drops the rest.
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
    `The API's answer is encoded as ${encoding}. The relay cannot decode it to search it for secrets, so it does not pass it on. Ask the API for an answer that is not compressed.`,
  )
}
