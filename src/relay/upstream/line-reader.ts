/** A line with its end; or a part of a line that is too long. */
export interface ReadLine {
  text: string
  isWhole: boolean
}

export interface LineReader {
  push(chunk: Buffer): ReadLine[]
  end(): ReadLine[]
  /** Characters of the unfinished line. */
  readonly held: number
}

/** Characters of a line. The reader gives a longer line in parts, as they arrive. */
const maxLine = 4 * 2 ** 20

const lines = /[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+/g

/** Splits UTF-8 into lines. It looks at each character once, for any size of chunk. */
export function createLineReader(): LineReader {
  const utf8 = new TextDecoder()
  let parts: string[] = []
  let held = 0
  let isTooLong = false
  /** A `\r` at the end of a chunk may be half of a line break. */
  let carried = ''

  function close(): ReadLine {
    const line = { text: parts.join(''), isWhole: !isTooLong }
    parts = []
    held = 0
    return line
  }

  function read(text: string, isEnd: boolean): ReadLine[] {
    const read: ReadLine[] = []
    for (const [part] of text.matchAll(lines)) {
      parts.push(part)
      held += part.length
      if (/[\r\n]$/.test(part.slice(-1))) {
        read.push(close())
        isTooLong = false
      } else if (held > maxLine || isTooLong) {
        isTooLong = true
        read.push(close())
      }
    }
    if (isEnd && held > 0) read.push(close())
    return read
  }

  return {
    push(chunk) {
      const text = carried + utf8.decode(chunk, { stream: true })
      carried = text.endsWith('\r') ? '\r' : ''
      return read(carried ? text.slice(0, -1) : text, false)
    },
    end: () => read(carried + utf8.decode(), true),
    get held() {
      return held
    },
  }
}
