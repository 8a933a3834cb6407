import { asClientSecretError, type ClientSecretError } from '../protocol/errors.ts'
import type { ApiResponse } from './read-record.ts'

/** Who hears how a request ends. */
export interface Callbacks<Data = unknown> {
  /** Called once with the final API response: its body, and its status and headers beside it. */
  onResponse?: ((data: Data, response: ApiResponse) => void) | undefined
  /** Called once when the request or the polling fails. */
  onError?: ((error: ClientSecretError) => void) | undefined
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

/** The same callbacks, of which each is called at most once. */
export function once(callbacks: Callbacks): Callbacks {
  let called = false
  const first = <Args extends unknown[]>(callback: ((...args: Args) => void) | undefined) =>
    callback &&
    ((...args: Args) => {
      if (called) return
      called = true
      callback(...args)
    })
  return { onResponse: first(callbacks.onResponse), onError: first(callbacks.onError) }
}

/**
 * A promise that also tells `onError`. Who gave one has dealt with the failure:
 * a promise that nobody awaits then raises no unhandled rejection.
 */
export function tellError<T>(work: Promise<T>, listenersOf: (error: ClientSecretError) => Callbacks[]): Promise<T> {
  const told = work.catch((thrown: unknown) => {
    const error = asClientSecretError(thrown)
    const listening = listenersOf(error).flatMap(({ onError }) => onError ?? [])
    if (listening.length > 0) told.catch(() => {})
    for (const onError of listening) callBack(onError, error)
    throw error
  })
  return told
}
