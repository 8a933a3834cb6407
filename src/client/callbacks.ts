import type { ClientSecretError } from '../protocol/errors.ts'
import type { ClientSecretRecord } from '../protocol/record.ts'
import type { ApiResponse, ResponseType } from './read-record.ts'
import type { StandardSchema } from './standard-schema.ts'

/** Who hears how a request ends. */
export interface Callbacks<Data = unknown> {
  /** Called once with the final API response: its body, and its status and headers beside it. */
  onResponse?: ((data: Data, response: ApiResponse) => void) | undefined
  /** Called once when the request or the polling fails. */
  onError?: ((error: ClientSecretError) => void) | undefined
}

/** Who hears of a request, and how its answer is checked. */
export interface Listeners<Data = unknown> extends Callbacks<Data> {
  /** Called with every change of what the relay knows of the request. */
  onUpdate?: ((record: ClientSecretRecord) => void) | undefined
  /** Called once when the request has ended, whichever way: with its data, or with its error. */
  onSettled?: ((data: Data | undefined, error: ClientSecretError | undefined) => void) | undefined
  /** Any Standard Schema (zod, valibot, arktype …); checks `data` and gives it its type. */
  schema?: StandardSchema<Data> | undefined
  /** How `data` is given. Default: JSON parsed, other text as text, bytes as a `Uint8Array`; by the answer's content type. */
  responseType?: ResponseType | undefined
}

/**
 * Calls somebody else's function. What it throws is theirs: it becomes an
 * uncaught error, as from an event listener, and does not disturb the request.
 */
export function callBack<Args extends unknown[]>(callback: ((...args: Args) => void) | undefined, ...args: Args): void {
  try {
    callback?.(...args)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
