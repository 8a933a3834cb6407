/** Why the polling pauses: the page is hidden, or the device is offline. */
export type PauseReason = 'hidden' | 'offline'

/**
 * Watches the page until the signal fires. Returns a function that gives the
 * current reason to pause. Outside a browser there is none.
 */
export function watchPage(onChange: () => void, signal: AbortSignal): () => PauseReason | undefined {
  if (typeof document === 'undefined') return () => undefined
  // From events only: some browsers start with a wrong `navigator.onLine`.
  let isOffline = false
  const listener = ({ type }: Event) => {
    if (type !== 'visibilitychange') isOffline = type === 'offline'
    onChange()
  }
  document.addEventListener('visibilitychange', listener, { signal })
  window.addEventListener('offline', listener, { signal })
  window.addEventListener('online', listener, { signal })
  return () => (isOffline ? 'offline' : document.visibilityState === 'hidden' ? 'hidden' : undefined)
}
