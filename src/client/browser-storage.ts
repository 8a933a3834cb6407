/** Where something is kept over a reload: for this tab, or for this browser. */
export type Persistence = 'session' | 'local'

/** Text in the browser's storage; null where there is none, as on a server or where the user has blocked it. */
export function readStorage(where: Persistence, key: string): string | null {
  try {
    return storage(where)?.getItem(key) ?? null
  } catch {
    return null
  }
}

/** Keeps a text, or removes it with null. Where that is not possible the page works on, without surviving a reload. */
export function writeStorage(where: Persistence, key: string, text: string | null): void {
  try {
    if (text === null) storage(where)?.removeItem(key)
    else storage(where)?.setItem(key, text)
  } catch {
    // Blocked or full.
  }
}

function storage(where: Persistence): Storage | undefined {
  if (typeof window === 'undefined') return undefined
  return where === 'local' ? window.localStorage : window.sessionStorage
}
