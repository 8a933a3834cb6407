/** Milliseconds. A hidden page has no frames. */
const longestFrame = 250
/** Milliseconds of a frame where the host has none, as on a server. */
const usualFrame = 16

/** Calls back once before the next frame of the page, or soon, without one. The returned function cancels it. */
export function onNextFrame(callback: () => void): () => void {
  const hasFrames = typeof requestAnimationFrame === 'function'
  const cancel = () => {
    clearTimeout(timer)
    if (hasFrames) cancelAnimationFrame(frame)
  }
  const run = () => {
    cancel()
    callback()
  }
  const timer = setTimeout(run, hasFrames ? longestFrame : usualFrame)
  const frame = hasFrames ? requestAnimationFrame(run) : 0
  return cancel
}
