import { fetchRequestHeader, maxHeaderJson, toAscii } from '../protocol/fetch.ts'
import { ClientSecretError } from '../protocol/errors.ts'
import { placeholder } from '../protocol/placeholder.ts'
import type { ClientSecretRequest } from '../protocol/request.ts'
import { toJson } from './to-json.ts'

/**
 * Writes a request: as JSON, or as a header that describes it and a raw body, for `data` that JSON cannot carry. The
 * browser adds the content type of the body.
 */
export function writeRequest(request: ClientSecretRequest): { headers: Record<string, string>; body: BodyInit } {
  const data: unknown = request.data
  // Not by `instanceof`, because data may come from another realm.
  const kind = Object.prototype.toString.call(data).slice(8, -1)
  if (!/^(FormData|URLSearchParams|Blob|File|DataView|\w+Array|ArrayBuffer)$/.test(kind))
    return { headers: { 'content-type': 'application/json' }, body: toJson(request) }
  let body = data as BodyInit
  let fields: Record<string, unknown> | undefined
  if (kind === 'FormData') {
    const rest = new FormData()
    for (const [name, value] of data as FormData) {
      // The relay writes the fields with a placeholder, and never reads the others.
      if (`${value as string}`.includes(placeholder)) fields = { ...fields, [name]: value }
      else rest.append(name, value)
    }
    body = rest
  }
  const json = toAscii(toJson({ ...request, data: fields }))
  if (json.length > maxHeaderJson)
    throw new ClientSecretError(
      'INVALID_PARAMETER',
      `Beside a file or bytes, the parameters must be at most ${maxHeaderJson} characters long.`,
      { path: 'data' },
    )
  return { headers: { [fetchRequestHeader]: btoa(json) }, body }
}
