import { unwatchFile, watchFile } from 'node:fs'

/** Milliseconds. */
const watchEvery = 200

/** Calls `change` when one of the files changes, appears or disappears. `update` begins, and adds the files that are new in the set. */
export function watchFiles(files: ReadonlySet<string>, change: () => void): { update: () => void; stop: () => void } {
  const watched = new Set<string>()
  function update(): void {
    for (const file of files) {
      if (watched.has(file)) continue
      watched.add(file)
      // Polled, because editors replace a file with a new one, and a watcher would keep watching the old one.
      watchFile(file, { interval: watchEvery, persistent: false }, change)
    }
  }
  return {
    update,
    stop() {
      for (const file of watched) unwatchFile(file, change)
    },
  }
}
