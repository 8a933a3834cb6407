import type { ErrorCode } from './error-codes.ts'
import type { ClientSecretRecord, WireError } from './record.ts'
import type { ClientSecretRequest } from './request.ts'

/**
 * `POST /fetch` describes the call in this header, as JSON in base64. Its body is the unchanged body of the call. Forms
 * and links of other sites cannot set this header, which keeps them out.
 */
export const fetchRequestHeader = 'client-secret-request'

/** The header's value when the description comes before the body, after its length in 4 bytes: proxies cut long headers. */
export const inFrontOfBody = 'body'

/** The longest JSON in the header, in characters. */
export const maxHeaderJson = 6_000

/** The head of the API's answer, as JSON in base64. The relay's own answer always has status 200 and the body of the API. */
export const fetchAnswerHeader = 'client-secret-response'

/** The description of a call: a request without `poll` and `queue`. With `data`, the call has no raw body. */
export interface FetchDescription extends Omit<ClientSecretRequest, 'poll' | 'queue'> {
  /** Keeps the answer's bytes with the record, for `GET /requests/:id/stream`. */
  keep?: boolean | undefined
  redirect?: 'follow' | 'manual' | 'error' | undefined
}

/** The head of the caller's `Response`. */
export interface FetchAnswerHead {
  status: number
  statusText: string
  /** Names in lower case. */
  headers: Record<string, string>
  /** Identifies the record. Absent in a refusal. */
  id?: string | undefined
  /** The record of a stream whose call has not begun, instead of an answer. */
  waiting?: ClientSecretRecord | undefined
}

/** The head of a refusal, with the error for `clientSecretErrorOf`. */
export interface FetchRefusalHead extends FetchAnswerHead {
  error: WireError
}

/** The header with the error's code, in an answer of the relay itself. */
const fetchErrorHeader = 'client-secret-error'
/** The `type` in the body of such an answer. */
export const fetchErrorType = 'client_secret_error'

/** Statuses that SDKs do not retry. After all others, 401 included, some SDK makes a second call. */
const saidAsTheyAre = [400, 403, 404, 413, 429]

/**
 * Turns a refusal into an answer that SDKs understand, and that no SDK retries.
 *
 * @param known The status of the error's code.
 */
export function refusalOf(
  error: WireError & { code: ErrorCode },
  known: number,
): { head: FetchRefusalHead; body: string } {
  const { code, message, path = null, retryAfter } = error
  const headers = {
    'content-type': 'application/json',
    [fetchErrorHeader]: code,
    'x-should-retry': 'false',
    'stripe-should-retry': 'false',
    ...(retryAfter && { 'retry-after': `${Math.ceil(retryAfter)}` }),
  }
  const status = known === 401 ? 403 : saidAsTheyAre.includes(known) ? known : 424
  return {
    head: { status, statusText: 'Refused', headers, error },
    body: JSON.stringify({ error: { message, type: fetchErrorType, code, param: path }, message }),
  }
}

/** The same JSON in ASCII, as `btoa` needs it. */
export function toAscii(json: string): string {
  return json.replace(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
