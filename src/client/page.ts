/** Why polling rests: nobody looks at the page, or it has no network. */
export type PauseReason = 'hidden' | 'offline'

/** What is known of the page; outside a browser it is always seen and online. */
export interface Page {
  pauseReason: () => PauseReason | undefined
  /** Listens until the returned function is called. */
  onChange: (listener: () => void) => () => void
}

export function createPage(): Page {
  // Believed only when the browser says so in an event: `navigator.onLine` is wrong at the start in some.
  let isOffline = false
  return {
    pauseReason: () =>
      isOffline
        ? 'offline'
        : typeof document !== 'undefined' && document.visibilityState === 'hidden'
          ? 'hidden'
          : undefined,

    onChange(listener) {
      if (typeof document === 'undefined' || typeof window === 'undefined') return () => {}
      const goOffline = () => {
        isOffline = true
        listener()
      }
      const goOnline = () => {
        isOffline = false
        listener()
      }
      document.addEventListener('visibilitychange', listener)
      window.addEventListener('offline', goOffline)
      window.addEventListener('online', goOnline)
      return () => {
        isOffline = false
        document.removeEventListener('visibilitychange', listener)
        window.removeEventListener('offline', goOffline)
        window.removeEventListener('online', goOnline)
      }
    },
  }
}
