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

/** A file of a file of a file: what is packed more often hides something. */
const maxLayers = 3
/** Of parts and layers together. */
const maxDecodings = 100

type Decoder = Transform & Pick<Gunzip, 'bytesWritten'>

/** A way to compress that an answer may be in without saying so. */
interface Format {
  name: string
  /** Whether a body may be in it, by its first bytes. */
  fits: (body: Buffer, isText: boolean) => boolean
  /** Whether nothing else begins like it, so that what cannot be decoded is broken or made to mislead. */
  isCertain: boolean
  decoder: () => Decoder | undefined
}

/** Fewer ways into the thread pool and back than with the default of 16 kB. */
const chunkSize = 65_536
/** What is cut off is decoded as far as it goes: whoever gets it would do the same. */
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
    // A frame, or one that a reader skips.
    fits: (body) => body.length >= 4 && (body.readUInt32LE() === 0xfd2fb528 || body.readUInt32LE() >>> 4 === 0x184d2a5),
    decoder: createZstdDecoder,
  },
  {
    name: 'zlib',
    isCertain: false,
    // A text may begin so too: x^2.
    fits: (body) => body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE() % 31 === 0,
    decoder: () => createInflate(asFarAsItGoes),
  },
  // These two have no first bytes of their own. What is neither breaks off at once.
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
  /** Bytes that may come out, of all layers together. */
  maxBytes: number
}

/**
 * Looks into an answer that is compressed without a Content-Encoding to say so,
 * such as a file in a store. It is passed on as it is, or not at all: what is
 * taken out of compressed bytes would leave none that can be unpacked.
 *
 * @throws ClientSecretError `UPSTREAM_ERROR` where a secret is inside, or where
 *   nobody can say; `RESPONSE_TOO_LARGE` where more would come out than an answer may hold.
 */
export async function refuseConcealedSecrets(
  body: Buffer,
  contentType: string | undefined,
  { secrets, maxBytes }: Look,
): Promise<void> {
  let bytesLeft = maxBytes
  let decodingsLeft = maxDecodings

  /** Gives whether there was anything inside. */
  async function look(packed: Buffer, layer: number): Promise<boolean> {
    const isText = isUtf8(packed)
    let isPacked = false
    for (const { name, fits, isCertain, decoder } of formats) {
      if (!fits(packed, isText)) continue
      if (layer > maxLayers || decodingsLeft-- <= 0) {
        if (isCertain) throw unreadable(`as ${name}, over and over`)
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
      // Behind it there may be another one: the parts of a file that was packed by several threads.
      if (rest.length > 0 && rest.length < packed.length) await look(rest, layer)
      isPacked = true
    }
    return isPacked
  }

  const isPacked = await look(body, 1)
  if (!isPacked && claimed.test(contentType ?? '') && !isUtf8(body)) throw unreadable(`as ${contentType}`)
}

/** What came out, and what of the body was left when it ended. */
interface Unpacked {
  inside: Buffer
  rest: Buffer
}

/** Whether a text begins like something compressed: such as `x^2`, like zlib. At least 4 bytes of it tell. */
export function looksCompressed(text: Buffer): boolean {
  return formats.some(({ fits }) => fits(text, true))
}

/** Whether what begins so and is no text may be compressed; only what no decoder takes is not. */
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
    `The API's answer is compressed (${format}) without saying so, and there is something of a secret inside, so the relay does not pass it on. Ask the API for an answer that is not compressed, or for one that does not show the key.`,
  )
}

function unreadable(how: string): ClientSecretError {
  return new ClientSecretError(
    'UPSTREAM_ERROR',
    `The API's answer is compressed ${how} and cannot be looked through for secrets, so the relay does not pass it on. Ask the API for an answer that is not compressed.`,
  )
}

function tooLarge(format: string, maxBytes: number): ClientSecretError {
  return new ClientSecretError(
    'RESPONSE_TOO_LARGE',
    `The API's answer is compressed (${format}) and holds more than the relay looks through: ${maxBytes} bytes, its option limits.responseBytes.`,
  )
}
