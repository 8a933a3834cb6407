import { ClientSecretError } from '../protocol/errors.ts'
import {
  fetchAnswerHeader,
  fetchRequestHeader,
  refusalOf,
  type FetchAnswerHead,
  type FetchRefusalHead,
} from '../protocol/fetch.ts'
import type { Transport } from './transport.ts'

/** A call for the relay's `/fetch`. */
export interface FetchCall {
  /** Identifies the call to the relay. */
  idempotencyKey: string
  /** The description as base64; or `body`, if it comes in front of the body. */
  header: string
  body?: BodyInit
  /** Default: POST /fetch. */
  path?: string
  method?: string
}

/** The relay's answer to a call: the API's, or a refusal. */
export interface FetchAnswer {
  head: FetchAnswerHead & Partial<FetchRefusalHead>
  body: ReadableStream<Uint8Array<ArrayBuffer>> | string | null
  /** An answer of another server, so that the outcome is unknown. */
  isLost?: boolean
}

/**
 * Sends a call to the relay's `/fetch`. The answer of another server counts as the refusal `UNAVAILABLE`.
 *
 * @throws The error of fetch if the signal aborts; otherwise ClientSecretError `NETWORK_ERROR`.
 */
export async function callFetch(
  transport: Transport,
  { idempotencyKey, header, ...init }: FetchCall,
  signal: AbortSignal | null,
): Promise<FetchAnswer> {
  const where = `POST ${transport.name}/fetch`
  let answer: Response
  try {
    answer = await transport.fetch!({
      headers: { [fetchRequestHeader]: header, 'idempotency-key': idempotencyKey },
      ...init,
      signal,
    })
  } catch (cause) {
    // The error of fetch, because an SDK recognises its own signal.
    if (signal?.aborted) throw cause
    // The same text as in relay-transport.ts, so that it compresses well.
    const message = `${where} got no answer: ${String(cause)}. Check that the relay runs and allows this page in its option origins. The API may have acted.`
    throw new ClientSecretError('NETWORK_ERROR', message, { cause })
  }
  const head = answer.headers.get(fetchAnswerHeader)
  if (head) return { head: JSON.parse(atob(head)) as FetchAnswer['head'], body: answer.body }
  const message = `${where} answered ${answer.status}, but not from the relay. Check that it runs at this address. The API may have acted.`
  return { ...refusalOf({ code: 'UNAVAILABLE', message }, 424), isLost: true }
}
