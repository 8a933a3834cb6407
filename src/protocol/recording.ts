import type { UpstreamResponse, WireError } from './record.ts'

/** A request and its answer, as a relay gave it: without secrets. `client-secret-relay record` writes them as JSON. */
export interface Recording {
  request: RecordedRequest
  /** Milliseconds from the request to its answer, or to the head of a streamed one. */
  after: number
  /** The answer of the API. Of a streamed answer, the head. */
  response?: (Pick<UpstreamResponse, 'status' | 'headers'> & Partial<UpstreamResponse>) | undefined
  /** The pieces of a streamed answer. */
  pieces?: RecordedPiece[] | undefined
  /** The error of a request that failed or was refused, and of a stream that broke off. */
  error?: WireError | undefined
  /** True for an error before there is a record. */
  isRefusal?: boolean | undefined
}

/** A piece of a streamed answer. */
export interface RecordedPiece {
  /** Milliseconds since the head. */
  at: number
  /** UTF-8, or `base64`. */
  text?: string | undefined
  base64?: string | undefined
}

/** What tells requests apart. Its types are those of a JSON file that TypeScript imports. */
export interface RecordedRequest {
  clientSecretName: string
  url: string
  method: string
  params?: object | undefined
  data?: unknown
}
