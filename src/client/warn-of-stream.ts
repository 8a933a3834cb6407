let isWarned = false

/** Warns once, during development, of a request whose API would stream its answer. */
export function warnOfStream(data: unknown): void {
  // Bundlers replace the second condition. It comes second, for pages without a bundler.
  if ((Object(data) as { stream?: unknown }).stream !== true || process.env.NODE_ENV === 'production' || isWarned)
    return
  isWarned = true
  console.warn(
    'react-client-secret: data has stream: true, but the answer arrives whole, as one text. Leave stream out.',
  )
}
