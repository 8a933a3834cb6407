import { isUtf8 } from 'node:buffer'

/** The upstream's answer: the headers that the relay may pass on, and the decoded body. */
export interface UpstreamAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** The beginning of an answer: everything before its body. */
export interface Head {
  /** The method of the request. */
  method: string
  status: number
  statusText: string
  headers: Record<string, string>
}

export function hasBody({ method, status, headers }: Head): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304 && headers['content-length'] !== '0'
}

/** Whether the answer is a part of something larger. A 416 has a Content-Range too, but no part. */
export function isPart(status: number, headers: Record<string, string>): boolean {
  return status === 206 || (status !== 416 && headers['content-range'] !== undefined)
}

/** The encodings of a body, including those of the transfer, which HTTP allows beside `chunked`. */
export function encodingOf(headers: Record<string, string>): string {
  const ofTransfer = headers['transfer-encoding']?.replace(/(^|,)\s*chunked\s*$/i, '')
  return [headers['content-encoding'], ofTransfer].filter(Boolean).join(', ')
}

export function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [name, typeof value === 'string' ? value : value.join(', ')]),
  )
}

/** Whether a body is text. Text goes into a record as it is, bytes as base64. */
export function isText(body: Buffer, contentType: string | undefined): boolean {
  return (
    !/^(image|audio|video|font)\/(?!svg)|^application\/(octet-stream|pdf|zip|gzip)/i.test(contentType ?? '') &&
    isUtf8(body)
  )
}
