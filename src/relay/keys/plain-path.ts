import { containsPlaceholder } from '../../protocol/placeholder.ts'

/**
 * The segments of a path that every server reads the same way; undefined for any other path. Some servers decode once
 * more, map characters to similar ones (NFKC), trim, or end a segment at `;`. For all of them, no segment may be `.` or
 * `..`, contain a separator, or be empty.
 */
export function plainSegments({ pathname }: URL): string[] | undefined {
  const segments = segmentsOf(pathname)
  const text = decoded(pathname)
  // A server that decodes first would end the path at ? or #.
  if (text === undefined || /[\\\p{Cc}]/u.test(text) || /[?#]/.test(text.slice(0, text.lastIndexOf('/'))))
    return undefined
  const read = segmentsOf(text.replace(/[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu, ''))
  const isPlain = (segment: string, index: number) => {
    const [name] = /^[^;?#]*/.exec(segment)!
    return !/^\.+$/.test(name) && (name !== '' || index === read.length - 1)
  }
  return read.length === segments.length && read.every(isPlain) ? segments : undefined
}

/** Whether servers agree about where this segment ends: some end one at `;`, `?` or `#`, also encoded. */
function isPlainToItsEnd(segment: string): boolean {
  const text = decoded(segment)
  return text !== undefined && !/[?#;]/.test(text)
}

/** Each level of encoding costs one pass over the whole path. */
const maxEncodings = 3

/** The path after repeated decoding and mapping; undefined if it is still encoded after all rounds. */
function decoded(path: string): string | undefined {
  let text = path
  for (let round = 0; round <= maxEncodings; round++) {
    const next = normalized(unescaped(text))
    if (next === undefined || next === text) return next
    text = next
  }
  return undefined
}

/** Undefined if the text has a character that some servers replace with a slash. */
function normalized(text: string | undefined): string | undefined {
  if (text === undefined || looksLikeSlash.test(text)) return undefined
  return text.normalize('NFKC').replaceAll(fractionSlash, '|') // NFKC turns ½ into 1⁄2, which no server reads as a slash.
}

const fractionSlash = '\u2044'
/** Fraction, division and set minus. */
const looksLikeSlash = /[\u2044\u2215\u2216\u29f5\u29f8\u29f9]/

/** Undefined for invalid UTF-8, which servers read in different ways. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

export function segmentsOf(pathname: string): string[] {
  return pathname.slice(1).split('/')
}

/**
 * Whether the pattern of a rule matches a path.
 *
 * @param matches Whether a part of the pattern matches other text than its own. Default: for the path of a request.
 */
export function matchesPath(
  pattern: readonly string[],
  segments: readonly string[],
  matches = matchesSegment,
): boolean {
  const open = pattern.at(-1) === '**'
  const fixed = open ? pattern.slice(0, -1) : pattern
  if (open ? segments.length <= fixed.length : segments.length !== fixed.length) return false
  // If the rule puts the secret into one segment, no other segment may contain it.
  const isPlaced = pattern.some(containsPlaceholder)
  return segments.every((segment, index) => {
    const part = fixed[index] ?? '**'
    return part === segment || (matches(part, segment) && !(isPlaced && containsPlaceholder(segment)))
  })
}

/** Whether a part of a pattern matches other text than its own. */
export function matchesSegment(part: string, segment: string): boolean {
  if (part === '**') return true
  if (part === '*') return segment !== ''
  const isVerb = part.startsWith('*:') && segment.endsWith(part.slice(1)) && segment.length >= part.length
  return isVerb && isPlainToItsEnd(segment)
}
