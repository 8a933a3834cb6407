export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'] as const

/** A method, in capitals. */
export type Method = (typeof methods)[number]

/** A JSON object. Serialisation finds members that are not JSON. */
export type JsonObject = Record<string, unknown>

/** A body. An object or a list is sent as JSON or as a form, a string as it is. */
export type RequestBody = JsonObject | unknown[] | string

export const formArrays = ['brackets', 'repeat', 'comma'] as const

/** How a form writes a list: `to[]=a&to[]=b`, `to=a&to=b` or `to=a,b`. */
export type FormArrays = (typeof formArrays)[number]

/** One value of the query string. */
export type ParamValue = string | number | boolean

/** The parameters of `clientSecretRequest` that travel to the relay. The callbacks stay in the browser. */
export interface ClientSecretRequest {
  clientSecretName: string
  url: string
  method: Method
  headers?: Record<string, string> | undefined
  data?: RequestBody | undefined
  formArrays?: FormArrays | undefined
  params?: Record<string, ParamValue | ParamValue[]> | undefined
  poll?: number | undefined
  expires?: number | undefined
  queue?: string | undefined
  /** Keeps the answer of a background request as a stream, for `GET /requests/:id/stream`. The record has its head. */
  keep?: boolean | undefined
}

/** The value of a header; `name` is in lower case. */
export function headerOf(headers: Record<string, string> | undefined, name: string): string | undefined {
  return Object.entries(headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1]
}

/** The format of `data` by the Content-Type header; undefined if it is neither JSON nor a form. */
export function bodyFormat(headers: Record<string, string> | undefined): 'json' | 'form' | 'multipart' | undefined {
  const type = (headerOf(headers, 'content-type') ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? ''
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type === 'multipart/form-data') return 'multipart'
  return /^application\/([a-z0-9.-]+\+)?json$/.test(type) ? 'json' : undefined
}
