/** Why polling rests: nobody looks at the page, or it has no network. */
export type PauseReason = 'hidden' | 'offline'

/**
 * Watches the page until the signal fires; gives what tells why polling should
 * rest now. Outside a browser the page is always seen and online.
 */
export function watchPage(onChange: () => void, signal: AbortSignal): () => PauseReason | undefined {
  if (typeof document === 'undefined') return () => undefined
  // Believed only when the browser says so in an event: `navigator.onLine` is wrong at the start in some.
  let isOffline = false
  const hear = ({ type }: Event) => {
    if (type !== 'visibilitychange') isOffline = type === 'offline'
    onChange()
  }
  document.addEventListener('visibilitychange', hear, { signal })
  window.addEventListener('offline', hear, { signal })
  window.addEventListener('online', hear, { signal })
  return () => (isOffline ? 'offline' : document.visibilityState === 'hidden' ? 'hidden' : undefined)
}
