import { randomUUID } from 'node:crypto'
import { ClientSecretError } from '../../protocol/errors.ts'
import { abridged, invalid } from '../../protocol/invalid-parameter.ts'
import { headerOf } from '../../protocol/request.ts'

/** As browsers write it: with more parameters, two parsers may find two boundaries. */
const withBoundary = /^multipart\/form-data; ?boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'()+.-]{1,70}))$/i

/** The boundary of a multipart form; undefined without one. */
export function boundaryOf(headers: Record<string, string>): string | undefined {
  const [, quoted, plain] = withBoundary.exec(headerOf(headers, 'content-type') ?? '') ?? []
  return quoted ?? plain
}

/**
 * The fields of a multipart form, without its end: files may follow. The caller chooses the boundary, and the secret is in
 * one field only.
 *
 * @throws ClientSecretError `INVALID_PARAMETER` for a field that may begin another one, or for a boundary that servers may
 *   read in different ways.
 */
export function partsOf(data: Record<string, unknown>, headers: Record<string, string>): string {
  const type = headerOf(headers, 'content-type') ?? ''
  if (!boundaryOf(headers)) {
    if (/boundary/i.test(type)) throw unclearBoundary()
    headers['content-type'] = `multipart/form-data; boundary=${randomUUID()}`
  }
  const delimiter = `--${boundaryOf(headers)}`
  const begin = `${delimiter}\r\nContent-Disposition: form-data; name=`
  // As browsers write names. A plain line break or quote would begin another header.
  const quoted = (name: string) => `"${name.replace(/["\r\n]/g, encodeURIComponent)}"`
  return Object.entries(data)
    .flatMap(([name, value]) =>
      [value].flat().map((one) => {
        const text = String(one)
        if (text.includes(delimiter) || name.includes(delimiter)) throw beginsAnother(name)
        return `${begin}${quoted(name)}\r\n\r\n${text}\r\n`
      }),
    )
    .join('')
}

function beginsAnother(name: string): ClientSecretError {
  return invalid(
    `data#/${abridged(name)}`,
    'A field of a multipart form must not contain the boundary of the form, because it would begin another field. Use a random boundary, or leave it out of the content type: the relay then makes one.',
  )
}

function unclearBoundary(): ClientSecretError {
  return invalid(
    'headers.content-type',
    'The content type of fields and files must be multipart/form-data; boundary=…, without other parameters. Leave it out for a FormData: the browser writes it.',
  )
}
