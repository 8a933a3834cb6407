import type { FormArrays, Method, ParamValue } from '../protocol/request.ts'
import type { Callbacks } from './callbacks.ts'
import type { ResponseType } from './read-record.ts'
import type { KeyAndUrl } from './registered-keys.ts'

/** A body: fields or a list that JSON can carry, a text, or bytes, a file or a form. */
export type RequestData = string | readonly unknown[] | RequestFields | RawData

/** A body that JSON cannot carry. Its request runs directly, without queue and poll, except for URLSearchParams. */
export type RawData = Blob | ArrayBuffer | ArrayBufferView | FormData | URLSearchParams

/** Fields of JSON values: no form, file, bytes, stream, map or function. */
export type RequestFields = (object | { readonly [name: string]: unknown }) & {
  readonly [Symbol.iterator]?: never
  readonly [Symbol.toStringTag]?: never
  readonly [Symbol.toPrimitive]?: never
  readonly [Symbol.hasInstance]?: never
  readonly arrayBuffer?: never
  readonly getReader?: never
}

/** The fields of a request. */
export type RequestParams = KeyAndUrl & RequestDetails

/** The fields of a request beside its key and url. */
export interface RequestDetails {
  /** Any letter case. */
  method: Method | Lowercase<Method>
  /** `$CLIENT_SECRET` in a value becomes the key. */
  headers?: Record<string, string> | undefined
  /**
   * The body of POST, PUT, PATCH and DELETE: JSON, or a form with the Content-Type `application/x-www-form-urlencoded`
   * or `multipart/form-data`. URLSearchParams are such a form. The relay sends a string, a Blob, a File, bytes and the
   * files of a FormData unchanged, with any Content-Type; they may not contain a placeholder. A request with files or
   * bytes runs directly, without `queue` and `poll`.
   * With `stream: true`, the answer still arrives whole, as one text.
   */
  data?: RequestData | undefined
  /** How a form writes a list: `brackets` is `to[]=a&to[]=b`, `repeat` is `to=a&to=b`, `comma` is `to=a,b`. Default: `to[0]=a&to[1]=b`. */
  formArrays?: FormArrays | undefined
  /** Appended to the query that the url already has. */
  params?: Record<string, ParamValue | readonly ParamValue[]> | undefined
  /**
   * Milliseconds, 0 or more. Above 0, the request runs in the background, and the client polls it until it settles.
   * The relay answers a poll at once when the record changes: this is an upper bound, not a delay. Default 0.
   */
  poll?: number | undefined
  /** Seconds, above 0. Then the relay removes the record, and a poll of it fails. Default: the relay's, one day. */
  expires?: number | undefined
  /**
   * The type of the answer's data: `json`, `text`, `blob` or `arrayBuffer`. Default: by its content type: JSON parsed,
   * other text as text, bytes as a `Uint8Array`. An error's data always follows its content type.
   */
  responseType?: ResponseType | undefined
  /** Requests of one caller with the same url, method and queue run one at a time, in order of arrival; without it, in parallel. */
  queue?: string | undefined
}

/** The parameters of `clientSecretRequest`. */
export type ClientSecretRequestParams<Data = unknown> = RequestParams & Callbacks<Data>
