/** Milliseconds of work in one turn of the event loop, by all who share it. */
const maxTurn = 10

let startedAt = 0
let nextTurn: Promise<void> | undefined

/**
 * Resolves when this turn of the event loop has time for a piece of work. Many streams at once work in turns then, and
 * other calls do not wait for all of them.
 */
export async function shareTurn(): Promise<void> {
  while (performance.now() - startedAt > maxTurn) {
    nextTurn ??= new Promise((resolve) => {
      setImmediate(() => {
        nextTurn = undefined
        startedAt = performance.now()
        resolve()
      })
    })
    await nextTurn
  }
}
