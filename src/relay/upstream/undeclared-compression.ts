import { isUtf8 } from 'node:buffer'
import type { Transform } from 'node:stream'
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  type Gunzip,
} from 'node:zlib'
import { ClientSecretError } from '../../protocol/errors.ts'
import { redactBody, type Redactor } from '../keys/redaction/redactor.ts'
import { createZstdDecoder } from './zstd.ts'

/** Layers of compression. A body with more layers hides something. */
const maxLayers = 3
/** Decodings of one body, for parts and layers together. */
const maxDecodings = 100

type Decoder = Transform & Pick<Gunzip, 'bytesWritten'>

/** A compressed format that an answer may have without a Content-Encoding. */
interface Format {
  name: string
  /** Whether the first bytes of a body allow this format. */
  fits: (body: Buffer, isText: boolean) => boolean
  /** Whether no other format begins like it. A body that does not decode is then damaged or malicious. */
  isCertain: boolean
  decoder: () => Decoder | undefined
}

/** Larger than the default of 16 kB, for fewer switches to the thread pool. */
const chunkSize = 65_536
/** Decodes a truncated body as far as possible, as a caller could. */
const asFarAsItGoes = { chunkSize, finishFlush: constants.Z_SYNC_FLUSH }

const formats: readonly Format[] = [
  {
    name: 'gzip',
    isCertain: true,
    fits: (body) => body.length >= 3 && body.readUIntBE(0, 3) === 0x1f8b08,
    decoder: () => createGunzip({ chunkSize }),
  },
  {
    name: 'zstd',
    isCertain: true,
    // A frame, or a skippable frame.
    fits: (body) => body.length >= 4 && (body.readUInt32LE() === 0xfd2fb528 || body.readUInt32LE() >>> 4 === 0x184d2a5),
    decoder: createZstdDecoder,
  },
  {
    name: 'zlib',
    isCertain: false,
    // A text may begin like this too: x^2.
    fits: (body) => body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE() % 31 === 0,
    decoder: () => createInflate(asFarAsItGoes),
  },
  // These two have no fixed first bytes. Other data fails to decode at once.
  {
    name: 'deflate',
    isCertain: false,
    fits: (_body, isText) => !isText,
    decoder: () => createInflateRaw(asFarAsItGoes),
  },
  {
    name: 'brotli',
    isCertain: false,
    fits: (_body, isText) => !isText,
    decoder: () => createBrotliDecompress({ chunkSize, finishFlush: constants.BROTLI_OPERATION_FLUSH }),
  },
]

const claimed = /^application\/(x-)?(gzip|zlib|zstd|brotli|deflate)\b/i

interface Look {
  secrets: Redactor
  /** The maximum of decompressed bytes, for all layers together. */
  maxBytes: number
}

/**
 * Searches an answer that is compressed without a Content-Encoding, such as a file
 * in a store. The relay passes it on unchanged or not at all, because redaction
 * would damage the compressed bytes.
 *
 * @throws ClientSecretError `UPSTREAM_ERROR` if the answer contains a secret, or cannot be
 *   searched; `RESPONSE_TOO_LARGE` if it decompresses to more than `maxBytes`.
 */
export async function refuseConcealedSecrets(
  body: Buffer,
  contentType: string | undefined,
  { secrets, maxBytes }: Look,
): Promise<void> {
  let bytesLeft = maxBytes
  let decodingsLeft = maxDecodings

  /** Returns whether the bytes are compressed. */
  async function look(packed: Buffer, layer: number): Promise<boolean> {
    const isText = isUtf8(packed)
    let isPacked = false
    for (const { name, fits, isCertain, decoder } of formats) {
      if (!fits(packed, isText)) continue
      if (layer > maxLayers || decodingsLeft-- <= 0) {
        if (isCertain) throw unreadable(`as ${name}, in too many layers`)
        continue
      }
      const unpacked = await unpack(packed, decoder(), bytesLeft)
      if (unpacked === 'too large') throw tooLarge(name, maxBytes)
      if (unpacked === 'broken') {
        if (isCertain) throw unreadable(`as ${name}`)
        continue
      }
      const { inside, rest } = unpacked
      bytesLeft -= inside.length
      if (!(await redactBody(secrets, inside)).equals(inside)) throw concealing(name)
      if (inside.length > 0) await look(inside, layer + 1)
      // More compressed parts may follow, as in a file that several threads compressed.
      if (rest.length > 0 && rest.length < packed.length) await look(rest, layer)
      isPacked = true
    }
    return isPacked
  }

  const isPacked = await look(body, 1)
  if (!isPacked && claimed.test(contentType ?? '') && !isUtf8(body)) throw unreadable(`as ${contentType}`)
}

/** The decompressed bytes, and the bytes after them. */
interface Unpacked {
  inside: Buffer
  rest: Buffer
}

/** Whether a text begins like a compressed format, such as `x^2` like zlib. Needs the first 4 bytes. */
export function looksCompressed(text: Buffer): boolean {
  return formats.some(({ fits }) => fits(text, true))
}

/** Whether a body that is not text may be compressed, by its first bytes. It is not if no decoder accepts them. */
export async function mayBeCompressed(
  prefix: Buffer,
  contentType: string | undefined,
  maxBytes: number,
): Promise<boolean> {
  if (claimed.test(contentType ?? '')) return true
  for (const { fits, isCertain, decoder } of formats) {
    if (!fits(prefix, false)) continue
    if (isCertain || (await unpack(prefix, decoder(), maxBytes)) !== 'broken') return true
  }
  return false
}

function unpack(
  packed: Buffer,
  decoder: Decoder | undefined,
  maxBytes: number,
): Promise<Unpacked | 'broken' | 'too large'> {
  if (!decoder) return Promise.resolve('broken')
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    decoder
      .on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= maxBytes) return void chunks.push(chunk)
        resolve('too large')
        decoder.destroy()
      })
      .on('end', () => resolve({ inside: Buffer.concat(chunks), rest: packed.subarray(decoder.bytesWritten) }))
      .on('error', () => resolve('broken'))
      .end(packed)
  })
}

function concealing(format: string): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    `The API's answer is compressed (${format}) without a Content-Encoding and contains a secret, so the relay does not pass it on. Ask the API for an answer that is not compressed, or for one that does not show the key.`,
  )
}

function unreadable(how: string): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    `The API's answer is compressed ${how}. The relay cannot search it for secrets, so it does not pass it on. Ask the API for an answer that is not compressed.`,
  )
}

function tooLarge(format: string, maxBytes: number): ClientSecretError {
  return new ClientSecretError(
    'RESPONSE_TOO_LARGE',
    `The API's answer is compressed (${format}) and decompresses to more than ${maxBytes} bytes, the relay's limit (limits.responseBytes). Ask the API for less, or raise the limit.`,
  )
}
