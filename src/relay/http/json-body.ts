import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ClientSecretError } from '../../protocol/errors.ts'
import { fetchRequestHeader } from '../../protocol/fetch.ts'
import type { ReadLimits } from '../common/relay-limits.ts'
import { shareTurn } from '../common/share-turn.ts'

type BodyLimits = Pick<ReadLimits, 'requestBytes' | 'uploadBytes'>

/** Whether a header describes the call, and its body is raw. */
export function isDescribed(request: Context['req']): boolean {
  return request.header(fetchRequestHeader) !== undefined
}

/** Refuses a body whose announced size is too large, before all other checks. */
export function refuseTooLarge({ requestBytes, uploadBytes }: BodyLimits): MiddlewareHandler {
  return async (context, next) => {
    const announced = announcedSize(context.req.raw.headers) ?? 0
    if (announced > requestBytes && !isDescribed(context.req)) tooLarge(requestBytes)
    if (announced > uploadBytes) throw uploadTooLarge(uploadBytes)
    return next()
  }
}

/** Whether the body is too large for the memory of the relay. It then passes through, or is refused. */
export function isLarge({ raw }: Context['req'], { requestBytes }: BodyLimits): boolean {
  return raw.body !== null && (announcedSize(raw.headers) ?? Infinity) > requestBytes
}

/** Reads a body into memory. */
export async function readBytes(request: Request, maxSize: number): Promise<Uint8Array> {
  if (announcedSize(request.headers) !== null || !request.body) return new Uint8Array(await request.arrayBuffer())
  // Copied as they come: a million pieces of one byte each take 300 MB.
  let bytes = Buffer.allocUnsafe(Math.min(firstBytes, maxSize))
  let size = 0
  for await (const piece of request.body) {
    await shareTurn()
    const before = size
    size += piece.length
    if (size > maxSize) tooLarge(maxSize)
    if (size > bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(size, bytes.length * 2), maxSize))
      larger.set(bytes.subarray(0, before))
      bytes = larger
    }
    bytes.set(piece, before)
  }
  return bytes.subarray(0, size)
}

/** Bytes of memory for a body of unknown size, at first. */
const firstBytes = 65_536

export function uploadTooLarge(maxSize: number): ClientSecretError {
  return new ClientSecretError(
    'REQUEST_TOO_LARGE',
    `The upload is larger than ${maxSize} bytes, the relay's limit (limits.uploadBytes). Send a smaller file, or raise the limit.`,
  )
}

export function tooLarge(maxSize: number): never {
  throw new ClientSecretError(
    'REQUEST_TOO_LARGE',
    `The request is larger than ${maxSize} bytes, the relay's limit (limits.requestBytes). Send less data, or raise the limit.`,
  )
}

export function limitBody(maxSize: number): MiddlewareHandler {
  const refuse = () => tooLarge(maxSize)
  const counted = bodyLimit({ maxSize, onError: refuse })
  return async (context, next) => {
    const announced = announcedSize(context.req.raw.headers)
    // Counting needs a stream, so only bodies without an announced size are counted.
    if (announced === null) return counted(context, next)
    return announced > maxSize ? refuse() : next()
  }
}

/** The body's size by its header, which HTTP servers enforce. Null without such a header. */
export function announcedSize(headers: Headers): number | null {
  const length = headers.get('content-length')
  return length !== null && /^\d+$/.test(length) && !headers.has('transfer-encoding') ? Number(length) : null
}

/** A page of another site can send other types without a CORS preflight. */
export function checkJson(context: Context): void {
  const type = context.req.header('content-type') ?? ''
  if (/^application\/json\b/i.test(type)) return
  throw new ClientSecretError(
    'INVALID_PARAMETER',
    `The relay accepts requests with the content type application/json; this one has ${type || 'none'}.`,
    { path: 'headers.content-type' },
  )
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `The request is not JSON: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    )
  }
}
