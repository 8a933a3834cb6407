import type { Method, ParamValue } from '../protocol/request.ts'
import type { Callbacks } from './callbacks.ts'

/** Any object of JSON values: no form, file, bytes, stream, list, map or function. */
export type RequestData = (object | { readonly [name: string]: unknown }) & {
  readonly [Symbol.iterator]?: never
  readonly [Symbol.toStringTag]?: never
  readonly [Symbol.toPrimitive]?: never
  readonly [Symbol.hasInstance]?: never
  readonly arrayBuffer?: never
  readonly getReader?: never
}

/** The fields of a request. */
export interface RequestParams {
  /** Name of a key that the relay knows. */
  clientSecretName: string
  /** Absolute `https:` url; `http:` only where a key's rule allows it. */
  url: string
  /** Any letter case. */
  method: Method | Lowercase<Method>
  /** `$CLIENT_SECRET` in a value becomes the key. */
  headers?: Record<string, string> | undefined
  /**
   * The body of POST, PUT and PATCH: JSON, or a form with the Content-Type `application/x-www-form-urlencoded`.
   * With `stream: true`, the answer still arrives whole, as one text.
   */
  data?: RequestData | undefined
  /** Appended to the query that the url already has. */
  params?: Record<string, ParamValue | readonly ParamValue[]> | undefined
  /**
   * Milliseconds, 0 or more. Above 0, the request runs in the background, and the client polls it until it settles.
   * The relay answers a poll at once when the record changes: this is an upper bound, not a delay. Default 0.
   */
  poll?: number | undefined
  /** Seconds, above 0. Then the relay removes the record, and a poll of it fails. Default: the relay's, one day. */
  expires?: number | undefined
  /** Requests of one caller with the same url, method and queue run one at a time, in order of arrival; without it, in parallel. */
  queue?: string | undefined
}

/** The parameters of `clientSecretRequest`. */
export interface ClientSecretRequestParams<Data = unknown> extends RequestParams, Callbacks<Data> {}
