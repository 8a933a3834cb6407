import { bodyFormat } from '../../protocol/request.ts'
import { boundaryOf } from './multipart.ts'
import type { UpstreamCall } from './substitute.ts'

/** A body that the relay passes on without parsing it: bytes, or a stream that it can send only once. */
export type RawBody = Uint8Array | UploadStream

/** A body that passes through the relay as it arrives. */
export interface UploadStream extends AsyncIterable<Uint8Array> {
  /** Bytes, if the caller announced them. */
  size: number | undefined
}

/** A call whose body may be bytes or a stream. */
export type RawUpstreamCall = Omit<UpstreamCall, 'body'> & { body: RawBody | string | null }

/** Whether the body is gone after one call. */
export function isSentOnce(body: RawBody | string | null | undefined): body is UploadStream {
  return typeof body === 'object' && body !== null && !(body instanceof Uint8Array)
}

/** Joins the written fields of a request and its raw body. Of both, only a multipart form has both. */
export function withRawBody(call: UpstreamCall, raw: RawBody | null): RawUpstreamCall {
  const { method, headers, body } = call
  const isMultipart = bodyFormat(headers) === 'multipart'
  if (method === 'GET' || method === 'HEAD' || raw === null)
    return isMultipart && body !== null ? { ...call, body: `${body}--${boundaryOf(headers)}--\r\n` } : call
  if (body === null || !isMultipart) return { ...call, body: raw }
  const fields = Buffer.from(body)
  return { ...call, body: isSentOnce(raw) ? after(fields, raw) : Buffer.concat([fields, raw]) }
}

function after(fields: Buffer, raw: UploadStream): UploadStream {
  return {
    size: raw.size === undefined ? undefined : fields.length + raw.size,
    async *[Symbol.asyncIterator]() {
      yield fields
      yield* raw
    },
  }
}
