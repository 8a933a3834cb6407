import { fold } from './characters.ts'

/**
 * The pieces by which an unknown text is found, folded: each as it is, and as it
 * stands in a longer text in base64.
 *
 * A piece holds 64 bits that nobody knows even who knows every other piece before
 * it, and four characters more, which dashboards show. So no piece can be guessed,
 * and from none can be slid to the next. Were there one at every place, whoever
 * knew one would read on from it character by character.
 */
export function windowsOf(unknown: string): string[] {
  return partsOf(unknown).flatMap((part) => {
    const { stride, length } = sizesOf(part)
    const last = part.length - length
    if (last <= 0) return spellings(part)
    // The first and the last, and as many between them as keep their distance; of a short one these two overlap.
    const count = Math.max(1, Math.floor(last / stride))
    return Array.from({ length: count + 1 }, (_, index) => Math.round((index * last) / count)).flatMap((at) =>
      spellings(part.slice(at, at + length)),
    )
  })
}

/** Whether fewer than 64 bits of it are unknown to whoever knows the four characters that dashboards show. */
export function isGuessable(unknown: string): boolean {
  return unknown.length < sizesOf(unknown).length
}

/** Letters are compared in one case, so that one of them is worth 5 bits: each is twice as likely as a digit. */
function sizesOf(unknown: string): { stride: number; length: number } {
  const bits = /^[0-9.:-]*$/.test(unknown) ? Math.log2(10) : /^[0-9a-f]*$/i.test(unknown) ? 4 : 5
  // Of dashed hex, such as a UUID, dashes and version are known.
  const stride = Math.ceil(64 / (/^[0-9a-f-]*$/i.test(unknown) && unknown.includes('-') ? 3.5 : bits))
  return { stride, length: stride + 4 }
}

/** In the middle of each of OpenAI's keys stands its name in base64, which is nothing unknown. */
function partsOf(unknown: string): string[] {
  const parts = unknown.split('T3BlbkFJ')
  return parts.length > 1 && parts.every((part) => part.length >= 16) ? parts : [unknown]
}

function spellings(piece: string): string[] {
  return [piece, ...[0, 1, 2].map((offset) => inBase64(piece, offset))].map(fold)
}

/** The characters of base64 that hold bits of this text and of no other, when so many bytes of a three stand before it. */
function inBase64(text: string, offset: number): string {
  const bytes = Buffer.from('\0'.repeat(offset) + text, 'latin1')
  return bytes.toString('base64url').slice(Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6))
}
