/** Calls back when the signal fires, or now if it has, until the returned function is called. Works where signals cannot be joined. */
export function onAbort(signal: AbortSignal | null | undefined, callback: () => void): () => void {
  if (signal?.aborted) callback()
  else signal?.addEventListener('abort', callback)
  return () => signal?.removeEventListener('abort', callback)
}
