import type { ErrorCode } from './error-codes.ts'
import type { WireError } from './record.ts'
import type { ClientSecretRequest } from './request.ts'

/**
 * `POST /fetch`: the call in this header, as JSON in base64; its body is the body of the call, as it is. That no form
 * and no link of another site can set it is what keeps those out.
 */
export const fetchRequestHeader = 'client-secret-request'

/** In place of the call: it stands in front of the body, after its length in 4 bytes. Proxies cut long headers off. */
export const inFrontOfBody = 'body'

/** Characters of JSON that still go into the header. */
export const maxHeaderJson = 6_000

/** The head of the answer, as JSON in base64. The answer of the relay itself is always a 200, and its body that of the call. */
export const fetchAnswerHeader = 'client-secret-response'

/** What is called, and how. */
export interface FetchDescription extends Pick<ClientSecretRequest, 'clientSecretName' | 'url' | 'method' | 'headers'> {
  redirect?: 'follow' | 'manual' | 'error' | undefined
}

/** What the caller's `Response` is made with. */
export interface FetchAnswerHead {
  status: number
  statusText: string
  /** Names in lower case. */
  headers: Record<string, string>
}

/** The head of a refusal says more of it, for `clientSecretErrorOf`. */
export interface FetchRefusalHead extends FetchAnswerHead {
  error: WireError
}

/** In an answer that the relay gave and not the API: the code of the error. */
const fetchErrorHeader = 'client-secret-error'
/** What the body of such an answer says it is. */
export const fetchErrorType = 'client_secret_error'

/** Statuses that say what is wrong with the request. Of any other, and of 401 too, some SDK would make a second call. */
const saidAsTheyAre = [400, 403, 404, 413, 429]

/**
 * A refusal as an answer that SDKs understand, and that none of them sends again.
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

/** JSON in ASCII, which base64 takes. */
export function toAscii(value: object): string {
  return JSON.stringify(value).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
