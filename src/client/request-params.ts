import type { Method, ParamValue } from '../protocol/request.ts'
import type { Callbacks } from './callbacks.ts'

/**
 * Fields that JSON can carry, as a type or an interface of yours has them. A form,
 * a file, bytes, a stream, a list, a map and a function are none; later versions may take some.
 */
export type RequestData = (object | { readonly [name: string]: unknown }) & {
  readonly [Symbol.iterator]?: never
  readonly [Symbol.toStringTag]?: never
  readonly [Symbol.toPrimitive]?: never
  readonly [Symbol.hasInstance]?: never
  readonly arrayBuffer?: never
  readonly getReader?: never
}

/** What a component asks for, field by field. */
export interface RequestParams {
  /** Name of a key that the relay knows. */
  clientSecretName: string
  /** Absolute `https:` url; `http:` only where a key's rule allows it. */
  url: string
  /** Any letter case. */
  method: Method | Lowercase<Method>
  /** `$CLIENT_SECRET` in a value becomes the key. */
  headers?: Record<string, string> | undefined
  /** The body of POST, PUT and PATCH: JSON, or a form when the Content-Type header says `application/x-www-form-urlencoded`. */
  data?: RequestData | undefined
  /** Appended to the query that the url already has. */
  params?: Record<string, ParamValue | readonly ParamValue[]> | undefined
  /**
   * Milliseconds, 0 or more. Above 0 the request runs in the background and is polled until it settles. The relay
   * holds each poll and answers the moment something changes, so this bounds how old what is seen may be; it is no
   * delay. Default 0.
   */
  poll?: number | undefined
  /** Seconds, above 0, after which the record is removed and polling it is an error. Default: the relay's, one day. */
  expires?: number | undefined
  /** Requests of one caller with the same url, method and queue run one at a time, in the order they arrived. Without it, in parallel. */
  queue?: string | undefined
}

/** The parameters of `clientSecretRequest`. */
export interface ClientSecretRequestParams<Data = unknown> extends RequestParams, Callbacks<Data> {}
