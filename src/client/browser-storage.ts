/** Storage of this tab, or of this browser. */
export type Persistence = 'session' | 'local'

/** A key of ours in the browser's storage. */
export function storageKey(kind: 'session' | 'request' | 'chat', ...parts: unknown[]): string {
  return `react-client-secret:${kind}:${JSON.stringify(parts)}`
}

/** Null without storage, as on a server or where the user blocks it. */
export function readStorage(where: Persistence, key: string): string | null {
  try {
    return storage(where).getItem(key)
  } catch {
    return null
  }
}

/** Stores a text, or removes it with null. Does nothing where storage is full or blocked. */
export function writeStorage(where: Persistence, key: string, text: string | null): void {
  try {
    if (text === null) storage(where).removeItem(key)
    else storage(where).setItem(key, text)
  } catch {
    // Full, blocked, or a server.
  }
}

function storage(where: Persistence): Storage {
  return window[`${where}Storage`]
}
