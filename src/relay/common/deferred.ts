/** A promise whose rejection may stay unhandled. */
export function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((resolves, rejects) => {
    resolve = resolves
    reject = rejects
  })
  promise.catch(() => {})
  return { promise, resolve: resolve as T extends void ? () => void : (value: T) => void, reject }
}
