/** Calls `work` at once, and then at most once in so many milliseconds. */
export function throttled(work: () => void, milliseconds: number): () => void {
  let timer: NodeJS.Timeout | undefined
  let isAsked = false
  return function ask() {
    isAsked = true
    if (timer) return
    isAsked = false
    work()
    timer = setTimeout(() => {
      timer = undefined
      if (isAsked) ask()
    }, milliseconds)
    timer.unref()
  }
}
