import { isClientSecretError, type ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import type { Answer, ApiResponse, ResponseType } from './read-record.ts'
import type { StandardSchema } from './standard-schema.ts'

/** Callbacks for the end of a request. */
export interface Callbacks<Data = unknown> {
  /** Called once with the final API response: its body, then status and headers. */
  onResponse?: ((data: Data, response: ApiResponse) => void) | undefined
  /** Called once when the request or the polling fails. */
  onError?: ((error: ClientSecretError) => void) | undefined
}

/** Callbacks for a request, and the schema of its answer. */
export interface Listeners<Data = unknown> extends Callbacks<Data> {
  /** Called with every change of the record. */
  onUpdate?: ((record: ClientSecretRecord) => void) | undefined
  /** Called once when the request ends, with its data or its error. */
  onSettled?: ((data: Data | undefined, error: ClientSecretError | undefined) => void) | undefined
  /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
  schema?: StandardSchema<Data> | undefined
  /** The type of `data`. Default: by the answer's content type: JSON parsed, other text as text, bytes as a `Uint8Array`. */
  responseType?: ResponseType | undefined
}

/** Calls a callback of the app. Its error becomes an uncaught error, as in an event listener, and the request goes on. */
export function callBack<Args extends unknown[]>(callback: ((...args: Args) => void) | undefined, ...args: Args): void {
  try {
    callback?.(...args)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Calls the callbacks for the end of a request. */
export function tellOutcome({ onResponse, onError, onSettled }: Listeners, outcome: Answer | ClientSecretError): void {
  if (isClientSecretError(outcome)) {
    callBack(onError, outcome)
    callBack(onSettled, undefined, outcome)
  } else {
    callBack(onResponse, outcome.data, outcome.response)
    callBack(onSettled, outcome.data, undefined)
  }
}
