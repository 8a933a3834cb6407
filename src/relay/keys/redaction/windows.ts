import { fold } from './characters.ts'

/**
 * The pieces (windows) that identify a secret text, folded: each as it is, and as it appears within a longer text in
 * base64.
 *
 * A window has 64 bits that are unknown even to a person who knows all windows before it, and four more characters,
 * because dashboards show four. So no window can be guessed, and none leads to the next. With a window at every
 * position, a person who knows one could find out the rest character by character.
 */
export function windowsOf(unknown: string): string[] {
  return partsOf(unknown).flatMap((part) => {
    const { stride, length } = sizesOf(part)
    const last = part.length - length
    if (last <= 0) return spellings(part)
    // The first, the last, and as many between them as the distance allows. In a short text, the two overlap.
    const count = Math.max(1, Math.floor(last / stride))
    return Array.from({ length: count + 1 }, (_, index) => Math.round((index * last) / count)).flatMap((at) =>
      spellings(part.slice(at, at + length)),
    )
  })
}

/** Whether the text has fewer than 64 unknown bits, without the four characters that dashboards show. */
export function isGuessable(unknown: string): boolean {
  return unknown.length < sizesOf(unknown).length
}

/** A letter is worth 5 bits: the search ignores case, so a letter is twice as likely as a digit. */
function sizesOf(unknown: string): { stride: number; length: number } {
  const bits = /^[0-9.:-]*$/.test(unknown) ? Math.log2(10) : /^[0-9a-f]*$/i.test(unknown) ? 4 : 5
  // In dashed hex, such as a UUID, the dashes and the version are known.
  const stride = Math.ceil(64 / (/^[0-9a-f-]*$/i.test(unknown) && unknown.includes('-') ? 3.5 : bits))
  return { stride, length: stride + 4 }
}

/** Each key of OpenAI has the company's name in base64 in its middle, which is public. */
function partsOf(unknown: string): string[] {
  const parts = unknown.split('T3BlbkFJ')
  return parts.length > 1 && parts.every((part) => part.length >= 16) ? parts : [unknown]
}

function spellings(piece: string): string[] {
  return [piece, ...[0, 1, 2].map((offset) => inBase64(piece, offset))].map(fold)
}

/** The base64 characters that depend on this text alone, after so many bytes of a group of three. */
function inBase64(text: string, offset: number): string {
  const bytes = Buffer.from('\0'.repeat(offset) + text, 'latin1')
  return bytes.toString('base64url').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6))
}
