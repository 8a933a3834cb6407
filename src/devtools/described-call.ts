import type { Transport } from '../client/transport.ts'
import { fetchRequestHeader, inFrontOfBody, type FetchDescription } from '../protocol/fetch.ts'
import type { ObservedRequest } from './request-log.ts'

type Init = Parameters<NonNullable<Transport['fetch']>>[0]

/** What a call of the relay's `/fetch` calls. A long description comes before the body. */
export function describedCall({ headers, body, path }: Init): Partial<ObservedRequest> {
  const header = headers[fetchRequestHeader]
  try {
    const json = header === inFrontOfBody ? inFront(body as Uint8Array) : atob(header ?? '')
    const { clientSecretName, method, url } = JSON.parse(json) as FetchDescription
    return { clientSecretName, method, url }
  } catch {
    // The rest of a kept stream, or a body that only the network reads.
    return { method: 'GET', url: path ?? '/fetch' }
  }
}

function inFront(body: Uint8Array): string {
  const { buffer, byteOffset } = body
  const length = new DataView(buffer, byteOffset).getUint32(0)
  return new TextDecoder().decode(body.subarray(4, 4 + length))
}
