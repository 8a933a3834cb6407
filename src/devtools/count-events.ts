/** Counts the events in the chunks of an answer. Undefined for an answer without events. */
export function countEvents(contentType = ''): (chunk: Uint8Array) => number | undefined {
  const isEvents = /^text\/event-stream/i.test(contentType)
  if (!isEvents && !/ndjson|jsonl|json-seq/i.test(contentType)) return () => undefined
  let isInLine = false
  let isInEvent = false
  return (chunk) => {
    let count = 0
    for (const byte of chunk) {
      if (byte === 13) continue
      if (byte !== 10) {
        isInLine = isInEvent = true
        continue
      }
      // An event ends with an empty line, and a line of NDJSON is one.
      if (isInEvent && (isEvents ? !isInLine : isInLine)) {
        count++
        isInEvent = false
      }
      isInLine = false
    }
    return count
  }
}
