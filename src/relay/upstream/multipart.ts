import { randomUUID } from 'node:crypto'
import { headerOf } from '../../protocol/request.ts'

/** The boundary of a multipart form; undefined without one. */
export function boundaryOf(headers: Record<string, string>): string | undefined {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(headerOf(headers, 'content-type') ?? '') ?? []
  return quoted ?? plain
}

/** The fields of a multipart form, without its end: files may follow. */
export function partsOf(data: Record<string, unknown>, headers: Record<string, string>): string {
  if (!boundaryOf(headers)) headers['content-type'] = `multipart/form-data; boundary=${randomUUID()}`
  const begin = `--${boundaryOf(headers)}\r\nContent-Disposition: form-data; name=`
  // As browsers write names. A plain line break or quote would begin another header.
  const quoted = (name: string) => `"${name.replace(/["\r\n]/g, encodeURIComponent)}"`
  return Object.entries(data)
    .flatMap(([name, value]) => [value].flat().map((one) => `${begin}${quoted(name)}\r\n\r\n${String(one)}\r\n`))
    .join('')
}
